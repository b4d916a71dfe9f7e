-- What users query: one view per question, corrections applied, names of codes beside the codes.

-- ---------------------------------------------------------------- corrections

CREATE FUNCTION check_override() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    present incidents;
    corrected incidents;
BEGIN
    SELECT * INTO present FROM incidents WHERE id = NEW.incident_id;
    IF present.id IS NULL THEN
        RAISE foreign_key_violation USING MESSAGE = format('there is no incident %s', NEW.incident_id);
    END IF;
    IF NEW.field <> 'is_incident' THEN
        -- Types are checked by filling the row, codes by their lookup tables.
        corrected := jsonb_populate_record(present, jsonb_build_object(NEW.field, NEW.value));
        IF NOT EXISTS (SELECT FROM incident_kinds WHERE code = corrected.kind)
            OR NOT EXISTS (SELECT FROM polarities WHERE code = corrected.polarity)
            OR corrected.occurred_precision NOT IN (SELECT code FROM precisions)
            OR corrected.reported_precision NOT IN (SELECT code FROM precisions)
            OR corrected.occurred_basis NOT IN (SELECT code FROM time_bases)
            OR corrected.reported_basis NOT IN (SELECT code FROM time_bases)
            OR NOT corrected.outcome <@ (SELECT array_agg(code) FROM outcomes)
            OR corrected.items IS NULL OR corrected.outcome IS NULL
        THEN
            RAISE check_violation USING MESSAGE = format('%s is no value of %s', NEW.value, NEW.field);
        END IF;
    ELSIF jsonb_typeof(NEW.value) <> 'boolean' THEN
        RAISE check_violation USING MESSAGE = 'is_incident is true or false';
    END IF;
    IF TG_OP = 'INSERT' THEN
        NEW.extracted := CASE NEW.field
            WHEN 'is_incident' THEN to_jsonb(present.withdrawn_at IS NULL)
            ELSE to_jsonb(present) -> NEW.field END;
    END IF;
    RETURN NEW;
END $$;

-- The same lock as a batch takes: whoever writes changes holds it to the commit, so that their order
-- is the order of commits.
CREATE FUNCTION announce_override() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(7416020003);
    INSERT INTO changes (entity, entity_id, operation) VALUES ('incident', NEW.incident_id, 'update');
    RETURN NULL;
END $$;

-- Compared as values of the column: as JSON one instant reads differently in every session's time zone.
CREATE FUNCTION same_value(field text, a jsonb, b jsonb) RETURNS boolean LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT CASE field WHEN 'is_incident' THEN a = b
        ELSE jsonb_populate_record(NULL::incidents, jsonb_build_object(field, a))
            IS NOT DISTINCT FROM jsonb_populate_record(NULL::incidents, jsonb_build_object(field, b)) END;
END;

CREATE TRIGGER check_override BEFORE INSERT OR UPDATE ON overrides
    FOR EACH ROW EXECUTE FUNCTION check_override();
CREATE TRIGGER announce_override AFTER INSERT OR UPDATE ON overrides
    FOR EACH ROW EXECUTE FUNCTION announce_override();

-- ---------------------------------------------------------------- views

CREATE VIEW current_articles AS
SELECT a.id AS article_id, a.title, a.body, a.published_on, a.published_at, a.published_precision,
    a.source, a.site, a.author,
    ARRAY(SELECT b ->> 'name' FROM jsonb_array_elements(a.byline) AS b) AS byline,
    a.url, a.kind AS article_kind, k.zh AS article_kind_zh, k.en AS article_kind_en, a.script,
    ARRAY(SELECT jsonb_array_elements_text(a.quality -> 'flags')) AS quality_flags,
    (a.quality ->> 'lost_share')::numeric AS lost_share,
    (a.quality ->> 'doubtful_share')::numeric AS doubtful_share,
    a.repairs <> '[]' AS repaired,
    (SELECT count(*) FROM sightings AS s WHERE s.article_id = a.id AND s.is_current) AS sightings,
    a.story_id, encode(a.content_hash, 'hex') AS content_hash, a.first_seen_at, a.run_id, a.ruleset
FROM articles AS a
LEFT JOIN article_kinds AS k ON k.code = a.kind
WHERE a.superseded_at IS NULL;

CREATE VIEW told_incidents AS
SELECT i.event_id, i.id AS incident_id, i.article_id, i.ordinal, i.kind,
    i.occurred_on, i.occurred_from, i.occurred_to, i.occurred_precision, i.occurred_text, i.occurred_basis,
    i.occurred_approx, i.occurred_partial,
    i.reported_on, i.reported_from, i.reported_to, i.reported_precision, i.reported_text,
    i.place, i.station, i.station_full, i.agency_id, i.province, i.city, i.district,
    i.items, i.amount_cny, i.outcome, i.polarity, i.evidence_start, i.evidence_end, i.spans, i.flags,
    '{}'::text[] AS corrected
FROM incidents AS i
JOIN articles AS a ON a.id = i.article_id AND a.superseded_at IS NULL
WHERE i.withdrawn_at IS NULL
    AND NOT EXISTS (SELECT FROM overrides AS o WHERE o.incident_id = i.id AND o.revoked_at IS NULL)
UNION ALL
SELECT c.event_id, c.id, c.article_id, c.ordinal, c.kind,
    (c.occurred_from AT TIME ZONE 'Asia/Shanghai')::date, c.occurred_from, c.occurred_to,
    c.occurred_precision, c.occurred_text, c.occurred_basis, c.occurred_approx, c.occurred_partial,
    (c.reported_from AT TIME ZONE 'Asia/Shanghai')::date, c.reported_from, c.reported_to,
    c.reported_precision, c.reported_text,
    c.place, c.station, c.station_full, c.agency_id, c.province, c.city, c.district,
    c.items, c.amount_cny, c.outcome, c.polarity, c.evidence_start, c.evidence_end, c.spans, c.flags,
    o.fields
FROM (
    SELECT incident_id, jsonb_object_agg(field, value) AS patch, array_agg(field ORDER BY field) AS fields
    FROM overrides WHERE revoked_at IS NULL GROUP BY incident_id
) AS o
JOIN incidents AS i ON i.id = o.incident_id
JOIN articles AS a ON a.id = i.article_id AND a.superseded_at IS NULL
CROSS JOIN LATERAL jsonb_populate_record(i, o.patch) AS c
WHERE coalesce((o.patch ->> 'is_incident')::boolean, i.withdrawn_at IS NULL);

-- The events of the migration before, from corrected incidents: a corrected field goes before what others tell.
CREATE OR REPLACE VIEW events AS
WITH told AS (
    SELECT i.*, a.story_id, a.published_at,
        row_number() OVER (
            PARTITION BY i.event_id
            ORDER BY i.corrected = '{}',
                array_position(
                    ARRAY['minute', 'hour', 'part_of_day', 'day', 'span', 'month', 'year'], i.occurred_precision
                ) NULLS LAST,
                cardinality(i.flags),
                num_nulls(i.place, i.station, i.city, i.district, i.amount_cny),
                a.published_on NULLS LAST, a.content_hash, i.ordinal
        ) AS rank
    FROM told_incidents AS i
    JOIN articles AS a ON a.id = i.article_id
)
SELECT event_id,
    min(incident_id) FILTER (WHERE rank = 1) AS incident_id,
    (array_agg(kind ORDER BY rank))[1] AS kind,
    (array_agg(occurred_from ORDER BY rank))[1] AS occurred_from,
    (array_agg(occurred_to ORDER BY rank))[1] AS occurred_to,
    (array_agg(occurred_on ORDER BY rank))[1] AS occurred_on,
    (array_agg(occurred_precision ORDER BY rank))[1] AS occurred_precision,
    (array_agg(place ORDER BY 'place' = ANY (corrected) DESC, length(place) DESC NULLS LAST, rank))[1] AS place,
    (array_agg(station ORDER BY 'station' = ANY (corrected) DESC, length(station_full) DESC NULLS LAST, rank))[1]
        AS station,
    (array_agg(station_full
        ORDER BY 'station_full' = ANY (corrected) DESC, length(station_full) DESC NULLS LAST, rank))[1]
        AS station_full,
    (array_agg(agency_id ORDER BY 'agency_id' = ANY (corrected) DESC, agency_id IS NULL,
        length(station_full) DESC NULLS LAST, rank))[1] AS agency_id,
    (array_agg(province ORDER BY 'province' = ANY (corrected) DESC, province IS NULL, rank))[1] AS province,
    (array_agg(city ORDER BY 'city' = ANY (corrected) DESC, city IS NULL, rank))[1] AS city,
    (array_agg(district ORDER BY 'district' = ANY (corrected) DESC, district IS NULL, rank))[1] AS district,
    (array_agg(amount_cny ORDER BY 'amount_cny' = ANY (corrected) DESC, amount_cny IS NULL,
        published_at DESC NULLS LAST, rank))[1] AS amount_cny,
    ARRAY(SELECT DISTINCT o FROM unnest(string_to_array(coalesce(
            string_agg(array_to_string(outcome, ','), ',') FILTER (WHERE 'outcome' = ANY (corrected)),
            string_agg(array_to_string(outcome, ','), ',')), ',')) AS o
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
    array_agg(incident_id ORDER BY incident_id) AS incident_ids
FROM told
GROUP BY event_id;

CREATE VIEW current_incidents AS
SELECT e.event_id, e.incident_id, i.article_id, a.story_id,
    e.kind, k.zh AS kind_zh, k.en AS kind_en, k.group_zh,
    e.occurred_on, e.occurred_from, e.occurred_to, e.occurred_precision, t.zh AS occurred_precision_zh,
    i.occurred_text, i.occurred_basis, i.occurred_approx, i.occurred_partial,
    i.reported_on, i.reported_from, i.reported_to,
    e.place, e.station, e.station_full, e.agency_id, g.level AS agency_level,
    e.province, e.city, e.district, coalesce(e.province, c.province, d.province) AS in_province,
    i.items, e.amount_cny,
    e.outcome,
    ARRAY(SELECT o.zh FROM outcomes AS o WHERE o.code = ANY (e.outcome) ORDER BY o.code) AS outcome_zh,
    ARRAY(SELECT o.en FROM outcomes AS o WHERE o.code = ANY (e.outcome) ORDER BY o.code) AS outcome_en,
    e.polarity, p.zh AS polarity_zh, p.en AS polarity_en,
    ARRAY(
        SELECT n.name || ' ' || r.zh FROM incident_persons AS n JOIN person_roles AS r ON r.code = n.role
        WHERE n.incident_id = e.incident_id ORDER BY n.ordinal
    ) AS persons,
    e.articles AS told_by, e.sources, e.disagreements,
    a.title, a.published_on, a.source, i.flags, i.corrected
FROM events AS e
JOIN told_incidents AS i ON i.incident_id = e.incident_id
JOIN articles AS a ON a.id = i.article_id
LEFT JOIN incident_kinds AS k ON k.code = e.kind
LEFT JOIN precisions AS t ON t.code = e.occurred_precision
LEFT JOIN polarities AS p ON p.code = e.polarity
LEFT JOIN agencies AS g ON g.id = e.agency_id
LEFT JOIN divisions AS c ON c.name = e.city AND c.level = 'city' AND c.sole
LEFT JOIN divisions AS d ON d.name = e.district AND d.level = 'district' AND d.sole;

CREATE VIEW incident_evidence AS
SELECT i.event_id, i.incident_id, i.article_id, f.field, f.value,
    substr(a.body, f.span_start + 1, f.span_end - f.span_start) AS quote, f.span_start, f.span_end
FROM told_incidents AS i
JOIN articles AS a ON a.id = i.article_id
CROSS JOIN LATERAL (
    SELECT 'incident' AS field, i.kind AS value, i.evidence_start AS span_start, i.evidence_end AS span_end
    UNION ALL
    SELECT s.key,
        CASE s.key
            WHEN 'occurred' THEN i.occurred_from::text
            WHEN 'reported' THEN i.reported_from::text
            WHEN 'station' THEN coalesce(i.station_full, i.station)
            WHEN 'place' THEN i.place
            WHEN 'items' THEN array_to_string(i.items, ', ')
            WHEN 'outcome' THEN array_to_string(i.outcome, ', ')
            WHEN 'amount_cny' THEN i.amount_cny::text
        END,
        (w.span ->> 0)::int, (w.span ->> 1)::int
    FROM jsonb_each(i.spans) AS s CROSS JOIN jsonb_array_elements(s.value) AS w (span)
    UNION ALL
    SELECT 'person', n.name || ' ' || n.role, n.evidence_start, n.evidence_end
    FROM incident_persons AS n WHERE n.incident_id = i.incident_id AND n.evidence_start IS NOT NULL
) AS f;

CREATE VIEW lineage AS
SELECT e.event_id, e.incident_id, e.field, e.value, e.quote, e.span_start, e.span_end,
    e.article_id, encode(a.content_hash, 'hex') AS content_hash, a.title, a.url,
    f.path, s.member, s.record_no, encode(s.raw_sha256, 'hex') AS raw_sha256,
    encode(f.sha256, 'hex') AS file_sha256,
    i.run_id, r.command, r.started_at AS run_started_at, r.version, a.ruleset,
    o.made_by AS corrected_by, o.made_at AS corrected_at, o.why AS corrected_why
FROM incident_evidence AS e
JOIN incidents AS i ON i.id = e.incident_id
JOIN articles AS a ON a.id = e.article_id
JOIN sightings AS s ON s.id = a.best_sighting_id
JOIN source_files AS f ON f.id = s.source_file_id
JOIN runs AS r ON r.id = i.run_id
LEFT JOIN LATERAL (
    -- The newest correction of the field, or of a column of the time that the field names.
    SELECT v.made_by, v.made_at, v.why FROM overrides AS v
    WHERE v.incident_id = e.incident_id AND v.revoked_at IS NULL
        AND CASE
            WHEN e.field = 'incident' THEN v.field IN ('kind', 'is_incident', 'polarity')
            ELSE v.field = e.field OR v.field LIKE e.field || '\_%' END
    ORDER BY v.id DESC LIMIT 1
) AS o ON true;

CREATE VIEW figures_by_agency AS
SELECT f.article_id, f.ordinal, u.agency_id, g.full_name AS agency, g.province, g.city, g.district,
    a.source, a.published_on, f.metric, f.period, f.value, f.unit, f.qualifier, f.comparison,
    f.text AS quote, f.evidence_start AS span_start, f.evidence_end AS span_end, a.title
FROM reported_figures AS f
JOIN articles AS a ON a.id = f.article_id AND a.superseded_at IS NULL
LEFT JOIN LATERAL (
    SELECT min(i.agency_id) AS agency_id FROM told_incidents AS i WHERE i.article_id = f.article_id
    HAVING count(DISTINCT i.agency_id) = 1
) AS u ON true
LEFT JOIN agencies AS g ON g.id = u.agency_id;

CREATE VIEW daily_counts AS
SELECT CASE WHEN occurred_precision IN ('minute', 'hour', 'part_of_day', 'day') THEN occurred_on END AS day,
    kind, kind_zh, kind_en, group_zh, in_province, city, polarity, count(*) AS incidents,
    sum(amount_cny) AS amount_cny
FROM current_incidents
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8;

CREATE VIEW data_quality AS
WITH
    a AS (
        SELECT count(*) AS articles,
            count(*) FILTER (WHERE published_at IS NULL) AS undated,
            count(*) FILTER (WHERE title IS NULL) AS untitled,
            count(*) FILTER (WHERE repairs <> '[]') AS repaired,
            count(*) FILTER (WHERE quality -> 'flags' ? 'damaged') AS damaged,
            count(*) FILTER (WHERE (quality ->> 'lost_share')::numeric > 0) AS lossy,
            count(*) FILTER (WHERE script <> 'simplified') AS traditional,
            count(*) FILTER (WHERE NOT EXISTS (
                SELECT FROM incidents AS i WHERE i.article_id = articles.id AND i.withdrawn_at IS NULL
            )) AS without_incident
        FROM articles WHERE superseded_at IS NULL
    ),
    i AS (
        SELECT count(*) AS told, count(DISTINCT event_id) AS events,
            count(*) FILTER (WHERE occurred_from IS NULL) AS undated,
            count(*) FILTER (WHERE station IS NULL) AS without_unit,
            count(*) FILTER (WHERE num_nonnulls(province, city, district) = 0) AS without_division,
            count(*) FILTER (WHERE flags <> '{}') AS doubtful,
            count(*) FILTER (WHERE corrected <> '{}') AS corrected
        FROM told_incidents
    ),
    n AS (
        SELECT (SELECT count(*) FROM sightings WHERE is_current) AS sightings,
            (SELECT count(*) FROM rejections WHERE resolved_by IS NULL) AS rejected,
            (SELECT count(*) FROM articles WHERE superseded_at IS NOT NULL) AS superseded,
            (SELECT count(*) FROM withdrawals WHERE lifted_at IS NULL) AS withdrawn,
            (SELECT count(*) FROM incidents WHERE withdrawn_at IS NOT NULL) AS incidents_withdrawn
    )
SELECT v.measure, v.zh, v.en, v.value, v.of_measure,
    CASE WHEN v.total > 0 THEN round(v.value::numeric / v.total, 4) END AS share
FROM a, i, n, LATERAL (VALUES
    (1, 'leaves_seen', '所见文件与记录', 'leaves seen: loaded and rejected', sightings + rejected, NULL, NULL),
    (2, 'leaves_rejected', '拒收', 'leaves that could not be loaded', rejected,
        'leaves_seen', sightings + rejected),
    (3, 'leaves_duplicate', '重复', 'leaves whose content another leaf has too', sightings - articles,
        'leaves_seen', sightings + rejected),
    (4, 'articles', '文章', 'distinct contents shown', articles, NULL, NULL),
    (5, 'articles_repaired', '修复过的文章', 'articles with a repair', repaired, 'articles', articles),
    (6, 'articles_damaged', '损坏的文章', 'articles that arrived damaged', damaged, 'articles', articles),
    (7, 'articles_lossy', '有缺字的文章', 'articles with characters lost for good', lossy, 'articles', articles),
    (8, 'articles_traditional', '繁体文章', 'articles not in simplified script', traditional,
        'articles', articles),
    (9, 'articles_undated', '无日期的文章', 'articles without a date', a.undated, 'articles', articles),
    (10, 'articles_untitled', '无标题的文章', 'articles without a title', untitled, 'articles', articles),
    (11, 'articles_without_incident', '未述警情的文章', 'articles that tell no incident', without_incident,
        'articles', articles),
    (12, 'articles_superseded', '已被取代的文章', 'articles that no file holds any more', superseded,
        NULL, NULL),
    (13, 'contents_withdrawn', '已下架的内容', 'contents taken down', withdrawn, NULL, NULL),
    (14, 'incidents_told', '警情（按文章）', 'incidents as articles tell them', told, NULL, NULL),
    (15, 'events', '警情（去重）', 'incidents counted once however many articles tell them', events,
        'incidents_told', told),
    (16, 'incidents_undated', '无日期的警情', 'incidents whose time is not known', i.undated,
        'incidents_told', told),
    (17, 'incidents_without_unit', '无单位的警情', 'incidents without a handling unit', without_unit,
        'incidents_told', told),
    (18, 'incidents_without_division', '无地区的警情', 'incidents without province, city and district',
        without_division, 'incidents_told', told),
    (19, 'incidents_doubtful', '存疑的警情', 'incidents with a doubtful field', doubtful,
        'incidents_told', told),
    (20, 'incidents_corrected', '人工更正的警情', 'incidents corrected by hand', corrected,
        'incidents_told', told),
    (21, 'incidents_withdrawn', '已撤回的警情', 'incidents that the rules no longer find', incidents_withdrawn,
        NULL, NULL)
) AS v (n, measure, zh, en, value, of_measure, total)
ORDER BY v.n;

CREATE VIEW override_conflicts AS
SELECT o.id AS override_id, o.incident_id, i.article_id, o.field, o.value, o.extracted, n.now_extracted,
    CASE
        WHEN a.superseded_at IS NOT NULL THEN 'article_gone'
        WHEN i.withdrawn_at IS NOT NULL AND o.field <> 'is_incident' THEN 'incident_withdrawn'
        WHEN n.agrees THEN 'agrees_now'
        ELSE 'extraction_changed'
    END AS conflict,
    o.made_by, o.made_at, o.why
FROM overrides AS o
JOIN incidents AS i ON i.id = o.incident_id
JOIN articles AS a ON a.id = i.article_id
CROSS JOIN LATERAL (
    SELECT x.now_extracted, same_value(o.field, x.now_extracted, o.value) AS agrees,
        same_value(o.field, x.now_extracted, o.extracted) AS unchanged
    FROM (
        SELECT CASE o.field WHEN 'is_incident' THEN to_jsonb(i.withdrawn_at IS NULL)
            ELSE to_jsonb(i) -> o.field END AS now_extracted
    ) AS x
) AS n
WHERE o.revoked_at IS NULL
    AND (NOT n.unchanged OR a.superseded_at IS NOT NULL
        OR (i.withdrawn_at IS NOT NULL AND o.field <> 'is_incident'));
