-- One row per story, one per event, merged from their members by stated rules.

CREATE VIEW stories AS
SELECT a.story_id,
    (array_agg(a.id ORDER BY a.published_on NULLS LAST, s.chars / 50 DESC NULLS LAST,
        (a.quality ->> 'lost_share')::numeric, a.content_hash))[1] AS keeper_id,
    (array_agg(a.title ORDER BY a.published_on NULLS LAST, s.chars / 50 DESC NULLS LAST,
        (a.quality ->> 'lost_share')::numeric, a.content_hash))[1] AS title,
    count(*) AS articles,
    count(*) FILTER (WHERE a.superseded_at IS NULL) AS current_articles,
    count(DISTINCT a.site) AS sites,
    min(a.published_on) AS first_published_on,
    max(a.published_on) AS last_published_on
FROM articles AS a
LEFT JOIN article_signatures AS s ON s.article_id = a.id
GROUP BY a.story_id;

COMMENT ON VIEW stories IS '报道 one row per story, however often reprinted';
COMMENT ON COLUMN stories.story_id IS '报道编号 smallest article id in it';
COMMENT ON COLUMN stories.keeper_id IS '代表文章 the article that stands for it: earliest day, fullest (in steps of 50 characters), fewest characters lost, smallest hash';
COMMENT ON COLUMN stories.title IS '标题 title of that article';
COMMENT ON COLUMN stories.articles IS '文章数 distinct contents';
COMMENT ON COLUMN stories.current_articles IS '现存文章数 of which files still hold';
COMMENT ON COLUMN stories.sites IS '站点数 distinct sites';
COMMENT ON COLUMN stories.first_published_on IS '最早发布日期 first day published, in China';
COMMENT ON COLUMN stories.last_published_on IS '最近发布日期 last day published, in China';

CREATE VIEW events AS
WITH told AS (
    SELECT i.*, a.story_id, a.published_at,
        row_number() OVER (
            PARTITION BY i.event_id
            ORDER BY array_position(
                    ARRAY['minute', 'hour', 'part_of_day', 'day', 'span', 'month', 'year'], i.occurred_precision
                ) NULLS LAST,
                cardinality(i.flags),
                num_nulls(i.place, i.station, i.city, i.district, i.amount_cny),
                a.published_on NULLS LAST, a.content_hash, i.ordinal
        ) AS rank
    FROM incidents AS i
    JOIN articles AS a ON a.id = i.article_id AND a.superseded_at IS NULL
    WHERE i.withdrawn_at IS NULL
)
SELECT event_id,
    min(id) FILTER (WHERE rank = 1) AS incident_id,
    (array_agg(kind ORDER BY rank))[1] AS kind,
    (array_agg(occurred_from ORDER BY rank))[1] AS occurred_from,
    (array_agg(occurred_to ORDER BY rank))[1] AS occurred_to,
    (array_agg(occurred_on ORDER BY rank))[1] AS occurred_on,
    (array_agg(occurred_precision ORDER BY rank))[1] AS occurred_precision,
    (array_agg(place ORDER BY length(place) DESC NULLS LAST, rank))[1] AS place,
    (array_agg(station ORDER BY length(station_full) DESC NULLS LAST, rank))[1] AS station,
    (array_agg(station_full ORDER BY length(station_full) DESC NULLS LAST, rank))[1] AS station_full,
    (array_agg(agency_id ORDER BY agency_id IS NULL, length(station_full) DESC NULLS LAST, rank))[1] AS agency_id,
    (array_agg(province ORDER BY province IS NULL, rank))[1] AS province,
    (array_agg(city ORDER BY city IS NULL, rank))[1] AS city,
    (array_agg(district ORDER BY district IS NULL, rank))[1] AS district,
    (array_agg(amount_cny ORDER BY amount_cny IS NULL, published_at DESC NULLS LAST, rank))[1] AS amount_cny,
    ARRAY(SELECT DISTINCT o FROM unnest(string_to_array(string_agg(array_to_string(outcome, ','), ','), ',')) AS o
        WHERE o <> '' ORDER BY o) AS outcome,
    (array_agg(polarity ORDER BY rank))[1] AS polarity,
    array_remove(ARRAY[
        CASE WHEN count(DISTINCT kind) > 1 THEN 'kind' END,
        CASE WHEN count(DISTINCT occurred_on)
            FILTER (WHERE occurred_precision IN ('minute', 'hour', 'part_of_day', 'day')) > 1
            THEN 'occurred_on' END,
        CASE WHEN count(DISTINCT occurred_from) FILTER (WHERE occurred_precision IN ('minute', 'hour')) > 1
            THEN 'occurred_from' END,
        CASE WHEN count(DISTINCT station) > 1 THEN 'station' END,
        CASE WHEN count(DISTINCT city) > 1 THEN 'city' END,
        CASE WHEN count(DISTINCT district) > 1 THEN 'district' END,
        CASE WHEN count(DISTINCT amount_cny) > 1 THEN 'amount_cny' END,
        CASE WHEN count(DISTINCT polarity) > 1 THEN 'polarity' END
    ], NULL) AS disagreements,
    count(*) AS incidents,
    count(DISTINCT article_id) AS articles,
    count(DISTINCT story_id) AS sources,
    array_agg(id ORDER BY id) AS incident_ids
FROM told
GROUP BY event_id;

COMMENT ON VIEW events IS '事件 one row per occurrence, however many articles tell it; only current articles and incidents';
COMMENT ON COLUMN events.event_id IS '事件编号 smallest incident id of it';
COMMENT ON COLUMN events.incident_id IS '代表警情 the incident that says most: finest time, fewest doubts, most fields stated, earliest published, smallest hash';
COMMENT ON COLUMN events.kind IS '类别 code of incident_kinds, as the representative incident has it';
COMMENT ON COLUMN events.occurred_from IS '发生起 start of the finest time told, included';
COMMENT ON COLUMN events.occurred_to IS '发生止 end of the finest time told, excluded';
COMMENT ON COLUMN events.occurred_on IS '发生日期 day of that start in China';
COMMENT ON COLUMN events.occurred_precision IS '发生精度 code of precisions';
COMMENT ON COLUMN events.place IS '地点 the longest place phrase';
COMMENT ON COLUMN events.station IS '处置单位 handling unit, of the fullest name told';
COMMENT ON COLUMN events.station_full IS '处置单位全称 the fullest name told';
COMMENT ON COLUMN events.agency_id IS '机关 the handling unit';
COMMENT ON COLUMN events.province IS '省 province';
COMMENT ON COLUMN events.city IS '市 city or prefecture';
COMMENT ON COLUMN events.district IS '区县 district or county';
COMMENT ON COLUMN events.amount_cny IS '金额 money at stake, yuan, as last published';
COMMENT ON COLUMN events.outcome IS '结果 all codes of outcomes that any article tells';
COMMENT ON COLUMN events.polarity IS '性质 code of polarities';
COMMENT ON COLUMN events.disagreements IS '分歧 fields that articles tell differently; what each says stands in incidents';
COMMENT ON COLUMN events.incidents IS '警情数 incidents joined';
COMMENT ON COLUMN events.articles IS '文章数 articles that tell it';
COMMENT ON COLUMN events.sources IS '独立来源数 stories that tell it: reprints count once';
COMMENT ON COLUMN events.incident_ids IS '警情编号 its members';
