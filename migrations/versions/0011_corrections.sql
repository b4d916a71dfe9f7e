-- ---------------------------------------------------------------- reasons of nothing but spaces

UPDATE overrides SET made_by = coalesce(substring(made_by FROM '.*\S.*'), '?'),
    why = coalesce(substring(why FROM '.*\S.*'), '?') WHERE made_by !~ '\S' OR why !~ '\S';
UPDATE withdrawals SET made_by = coalesce(substring(made_by FROM '.*\S.*'), '?'),
    why = coalesce(substring(why FROM '.*\S.*'), '?') WHERE made_by !~ '\S' OR why !~ '\S';

-- ---------------------------------------------------------------- corrections

-- One field by itself; those that belong together are looked at by check_corrections().
CREATE OR REPLACE FUNCTION check_override() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    present incidents;
    corrected incidents;
    kind text;
    wanted text;
    needed boolean;
    refused text := format('%s is no value of %s', NEW.value, NEW.field);
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF (NEW.id, NEW.incident_id, NEW.field) IS DISTINCT FROM (OLD.id, OLD.incident_id, OLD.field) THEN
            RAISE check_violation USING MESSAGE = 'a correction stays with its incident and its field',
                HINT = 'set revoked_at and insert another one';
        ELSIF NEW.revoked_at IS NOT NULL THEN
            RETURN NEW;
        END IF;
    END IF;
    SELECT * INTO present FROM incidents WHERE id = NEW.incident_id;
    IF present.id IS NULL THEN
        RAISE foreign_key_violation USING MESSAGE = format('there is no incident %s', NEW.incident_id);
    END IF;
    SELECT format_type(atttypid, NULL), attnotnull INTO kind, needed FROM pg_attribute
    WHERE attrelid = 'incidents'::regclass AND attname = NEW.field AND attnum > 0;
    IF NEW.field = 'is_incident' THEN
        kind := 'boolean';
        needed := true;
    ELSIF kind IS NULL THEN
        RAISE check_violation USING MESSAGE = format('incidents have no field %s', NEW.field);
    END IF;
    wanted := CASE kind
        WHEN 'text' THEN 'string' WHEN 'timestamp with time zone' THEN 'string' WHEN 'boolean' THEN 'boolean'
        WHEN 'text[]' THEN 'array' ELSE 'number' END;
    IF jsonb_typeof(NEW.value) <> wanted AND (needed OR jsonb_typeof(NEW.value) <> 'null') THEN
        RAISE check_violation USING MESSAGE = refused,
            HINT = format('it takes a JSON %s%s', wanted, CASE WHEN needed THEN '' ELSE ' or null' END);
    ELSIF kind = 'timestamp with time zone' AND NEW.value #>> '{}'
        !~ '^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)? ?(Z|[+-]\d\d(:?\d\d)?)$'
    THEN
        RAISE check_violation USING MESSAGE = refused,
            HINT = 'a time is given with its zone: "2026-03-02T21:30:00+08:00"';
    ELSIF kind = 'text' AND NEW.value #>> '{}' !~ '\S' THEN
        RAISE check_violation USING MESSAGE = refused, HINT = 'null says that it is not known';
    ELSIF kind = 'text[]' AND jsonb_path_exists(NEW.value, 'strict $[*] ? (@.type() != "string")') THEN
        RAISE check_violation USING MESSAGE = refused, HINT = 'it takes a JSON array of strings';
    END IF;
    IF NEW.field <> 'is_incident' THEN
        -- Ranges are checked by filling the row, codes by their lookup tables.
        corrected := jsonb_populate_record(present, jsonb_build_object(NEW.field, NEW.value));
        IF NOT EXISTS (SELECT FROM incident_kinds WHERE code = corrected.kind)
            OR NOT EXISTS (SELECT FROM polarities WHERE code = corrected.polarity)
            OR corrected.occurred_precision NOT IN (SELECT code FROM precisions)
            OR corrected.reported_precision NOT IN (SELECT code FROM precisions)
            OR corrected.occurred_basis NOT IN (SELECT code FROM time_bases)
            OR corrected.reported_basis NOT IN (SELECT code FROM time_bases)
            OR NOT corrected.outcome <@ (SELECT array_agg(code) FROM outcomes)
            OR corrected.agency_id NOT IN (SELECT id FROM agencies)
            OR corrected.amount_cny < 0
        THEN
            RAISE check_violation USING MESSAGE = refused;
        END IF;
    END IF;
    IF TG_OP = 'INSERT' THEN
        NEW.extracted := CASE NEW.field
            WHEN 'is_incident' THEN to_jsonb(present.withdrawn_at IS NULL)
            ELSE to_jsonb(present) -> NEW.field END;
    END IF;
    RETURN NEW;
END $$;

-- At the commit, so that the fields may come one after another. Fields that say one thing are corrected together:
-- else half of it would stay what extraction says, today and after every extraction to come.
CREATE FUNCTION check_corrections() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    patch jsonb := (
        SELECT jsonb_object_agg(field, value) FROM overrides
        WHERE incident_id = NEW.incident_id AND revoked_at IS NULL);
    fields text[];
    start timestamptz;
    stop timestamptz;
    is_fine boolean;
BEGIN
    FOR fields IN
        SELECT string_to_array(f, ' ') FROM unnest(ARRAY[
            'station station_full agency_id',
            'occurred_from occurred_to occurred_precision',
            'reported_from reported_to reported_precision']) AS f
    LOOP
        CONTINUE WHEN patch IS NULL OR NOT patch ?| fields;
        IF NOT patch ?& fields THEN
            RAISE check_violation USING
                MESSAGE = format('of %s either all are corrected or none', array_to_string(fields, ', ')),
                HINT = 'one INSERT with a row for each, or one transaction; null says that it is not known';
        END IF;
        CONTINUE WHEN fields[1] = 'station';
        start := patch ->> fields[1];
        stop := patch ->> fields[2];
        is_fine := coalesce(patch ->> fields[3], 'unknown') <> 'unknown';
        IF is_fine IS DISTINCT FROM (start IS NOT NULL) OR start IS NOT NULL AND (stop IS NULL OR stop <= start) THEN
            RAISE check_violation USING
                MESSAGE = format('%s to %s with precision %s is no time', start, stop, patch ->> fields[3]),
                HINT = 'the start lies before the end, and says how fine it is; where there is none, precision is null';
        END IF;
    END LOOP;
    RETURN NULL;
END $$;

CREATE FUNCTION keep_overrides() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE restrict_violation USING MESSAGE = 'a correction is revoked, never deleted: followers would miss it',
        HINT = 'UPDATE overrides SET revoked_at = now() WHERE id = ...';
END $$;

-- The same lock as a batch takes, before any row is locked: else a takedown, which revokes corrections, and a
-- correction could wait for each other.
CREATE FUNCTION order_overrides() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(7416020003);
    RETURN NULL;
END $$;

CREATE TRIGGER keep_overrides BEFORE DELETE ON overrides
    FOR EACH STATEMENT EXECUTE FUNCTION keep_overrides();
CREATE TRIGGER order_overrides BEFORE INSERT OR UPDATE ON overrides
    FOR EACH STATEMENT EXECUTE FUNCTION order_overrides();

-- ---------------------------------------------------------------- views

CREATE OR REPLACE VIEW current_incidents AS
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
    a.title, a.published_on, a.source, i.flags, i.corrected, a.url
FROM events AS e
JOIN told_incidents AS i ON i.incident_id = e.incident_id
JOIN articles AS a ON a.id = i.article_id
LEFT JOIN incident_kinds AS k ON k.code = e.kind
LEFT JOIN precisions AS t ON t.code = e.occurred_precision
LEFT JOIN polarities AS p ON p.code = e.polarity
LEFT JOIN agencies AS g ON g.id = e.agency_id
LEFT JOIN divisions AS c ON c.name = e.city AND c.level = 'city' AND c.sole
LEFT JOIN divisions AS d ON d.name = e.district AND d.level = 'district' AND d.sole;

-- The words of each outcome stand under outcome.CODE in spans. Rows written before that have one list under
-- outcome, which says nothing of which words told which code.
CREATE OR REPLACE VIEW incident_evidence AS
SELECT i.event_id, i.incident_id, i.article_id, f.field, f.value,
    substr(a.body, f.span_start + 1, f.span_end - f.span_start) AS quote, f.span_start, f.span_end,
    EXISTS (
        SELECT FROM unnest(i.corrected) AS c WHERE CASE f.field
            WHEN 'incident' THEN c IN ('kind', 'is_incident', 'polarity')
            WHEN 'station' THEN c IN ('station', 'station_full', 'agency_id')
            ELSE c = f.field OR c LIKE f.field || '\_%' END
    ) AS corrected
FROM told_incidents AS i
JOIN articles AS a ON a.id = i.article_id
CROSS JOIN LATERAL (
    SELECT 'incident' AS field, i.kind AS value, i.evidence_start AS span_start, i.evidence_end AS span_end
    UNION ALL
    SELECT split_part(s.key, '.', 1),
        CASE split_part(s.key, '.', 1)
            WHEN 'occurred' THEN i.occurred_from::text
            WHEN 'reported' THEN i.reported_from::text
            WHEN 'station' THEN coalesce(i.station_full, i.station)
            WHEN 'place' THEN i.place
            WHEN 'items' THEN array_to_string(i.items, ', ')
            WHEN 'outcome' THEN coalesce(nullif(split_part(s.key, '.', 2), ''), array_to_string(i.outcome, ', '))
            WHEN 'amount_cny' THEN i.amount_cny::text
        END,
        (w.span ->> 0)::int, (w.span ->> 1)::int
    FROM jsonb_each(i.spans) AS s CROSS JOIN jsonb_array_elements(s.value) AS w (span)
    WHERE s.key NOT LIKE 'outcome.%' OR split_part(s.key, '.', 2) = ANY (i.outcome)
    UNION ALL
    SELECT 'person', n.name || ' ' || n.role, n.evidence_start, n.evidence_end
    FROM incident_persons AS n WHERE n.incident_id = i.incident_id AND n.evidence_start IS NOT NULL
) AS f;

CREATE VIEW incident_people AS
SELECT i.event_id, i.incident_id, i.article_id, n.ordinal, n.role, r.zh AS role_zh, r.en AS role_en, n.also,
    n.name, n.surname, n.sex, n.age, n.anonymized,
    substr(a.body, n.evidence_start + 1, n.evidence_end - n.evidence_start) AS quote,
    n.evidence_start AS span_start, n.evidence_end AS span_end
FROM told_incidents AS i
JOIN articles AS a ON a.id = i.article_id
JOIN incident_persons AS n ON n.incident_id = i.incident_id
JOIN person_roles AS r ON r.code = n.role;

-- Each leaf is in one part: it holds a content that is shown, or could not be loaded, or was taken down. A leaf that
-- was spoilt after it had been loaded counts with the content that is kept of it.
CREATE OR REPLACE VIEW data_quality AS
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
    r AS (
        SELECT count(*) FILTER (WHERE NOT o.is_kept AND o.reason <> 'withdrawn') AS rejected,
            count(*) FILTER (WHERE NOT o.is_kept AND o.reason = 'withdrawn') AS refused,
            count(*) FILTER (WHERE o.is_kept) AS spoilt
        FROM (
            SELECT j.reason, EXISTS (
                    SELECT FROM source_files AS f JOIN sightings AS s ON s.source_file_id = f.id
                    WHERE f.path_sha256 = j.path_sha256 AND s.is_current
                        AND (s.member, s.record_no) IS NOT DISTINCT FROM (j.member, j.line)
                ) AS is_kept
            FROM rejections AS j WHERE j.resolved_by IS NULL
        ) AS o
    ),
    n AS (
        SELECT (SELECT count(*) FROM sightings WHERE is_current) AS sightings,
            r.rejected, r.spoilt,
            -- Those that were not read again since count as long as nothing else is known of them.
            r.refused + (
                SELECT count(DISTINCT (s.source_file_id, s.member, s.record_no))
                FROM withdrawals AS w
                JOIN articles AS x ON x.content_hash = w.content_hash
                JOIN sightings AS s ON s.article_id = x.id
                JOIN source_files AS f ON f.id = s.source_file_id
                WHERE w.lifted_at IS NULL
                    AND NOT EXISTS (
                        SELECT FROM sightings AS c WHERE c.source_file_id = s.source_file_id AND c.is_current
                            AND (c.member, c.record_no) IS NOT DISTINCT FROM (s.member, s.record_no))
                    AND NOT EXISTS (
                        SELECT FROM rejections AS j WHERE j.resolved_by IS NULL AND j.path_sha256 = f.path_sha256
                            AND (j.member, j.line) IS NOT DISTINCT FROM (s.member, s.record_no))
            ) AS taken_down,
            (SELECT count(*) FROM articles WHERE superseded_at IS NOT NULL) AS superseded,
            (SELECT count(*) FROM withdrawals WHERE lifted_at IS NULL) AS withdrawn,
            (SELECT count(*) FROM incidents WHERE withdrawn_at IS NOT NULL) AS incidents_withdrawn
        FROM r
    )
SELECT v.measure, v.zh, v.en, v.value, v.of_measure,
    CASE WHEN v.total > 0 THEN round(v.value::numeric / v.total, 4) END AS share
FROM a, i, n, LATERAL (SELECT sightings + rejected + taken_down AS seen) AS l, LATERAL (VALUES
    (1, 'leaves_seen', '所见文件与记录', 'leaves seen', seen, NULL, NULL),
    (2, 'leaves_rejected', '拒收', 'leaves that could not be loaded', rejected, 'leaves_seen', seen),
    (3, 'leaves_withdrawn', '已下架', 'leaves whose content was taken down', taken_down, 'leaves_seen', seen),
    (4, 'leaves_duplicate', '重复', 'leaves whose content another leaf has too', sightings - articles,
        'leaves_seen', seen),
    (5, 'leaves_spoilt', '后来损坏', 'leaves that can''t be loaded any more, whose last content is shown', spoilt,
        'leaves_seen', seen),
    (6, 'articles', '文章', 'distinct contents shown', articles, NULL, NULL),
    (7, 'articles_repaired', '修复过的文章', 'articles with a repair', repaired, 'articles', articles),
    (8, 'articles_damaged', '损坏的文章', 'articles that arrived damaged', damaged, 'articles', articles),
    (9, 'articles_lossy', '有缺字的文章', 'articles with characters lost for good', lossy, 'articles', articles),
    (10, 'articles_traditional', '繁体文章', 'articles not in simplified script', traditional,
        'articles', articles),
    (11, 'articles_undated', '无日期的文章', 'articles without a date', a.undated, 'articles', articles),
    (12, 'articles_untitled', '无标题的文章', 'articles without a title', untitled, 'articles', articles),
    (13, 'articles_without_incident', '未述警情的文章', 'articles that tell no incident', without_incident,
        'articles', articles),
    (14, 'articles_superseded', '已被取代的文章', 'articles that no file holds any more', superseded,
        NULL, NULL),
    (15, 'contents_withdrawn', '已下架的内容', 'contents taken down', withdrawn, NULL, NULL),
    (16, 'incidents_told', '警情（按文章）', 'incidents as articles tell them', told, NULL, NULL),
    (17, 'events', '警情（去重）', 'incidents counted once however many articles tell them', events,
        'incidents_told', told),
    (18, 'incidents_undated', '无日期的警情', 'incidents whose time is not known', i.undated,
        'incidents_told', told),
    (19, 'incidents_without_unit', '无单位的警情', 'incidents without a handling unit', without_unit,
        'incidents_told', told),
    (20, 'incidents_without_division', '无地区的警情', 'incidents without province, city and district',
        without_division, 'incidents_told', told),
    (21, 'incidents_doubtful', '存疑的警情', 'incidents with a doubtful field', doubtful,
        'incidents_told', told),
    (22, 'incidents_corrected', '人工更正的警情', 'incidents corrected by hand', corrected,
        'incidents_told', told),
    (23, 'incidents_withdrawn', '已撤回的警情', 'incidents that the rules no longer find', incidents_withdrawn,
        NULL, NULL)
) AS v (n, measure, zh, en, value, of_measure, total)
ORDER BY v.n;

-- ---------------------------------------------------------------- what earlier takedowns left behind

CREATE TEMPORARY TABLE erased ON COMMIT DROP AS
    WITH RECURSIVE gone AS (
        SELECT a.id FROM articles AS a
        JOIN withdrawals AS w ON w.content_hash = a.content_hash AND w.lifted_at IS NULL
        UNION
        SELECT c.entity_id FROM changes AS c JOIN gone AS g ON c.old ->> 'into' = g.id::text
        WHERE c.entity = 'article' AND c.operation = 'merge'
    )
    SELECT id FROM gone;
UPDATE overrides SET value = 'null', extracted = 'null', why = '已随下架删除 erased by a takedown',
    revoked_at = coalesce(revoked_at, now())
    WHERE incident_id IN (SELECT i.id FROM incidents AS i JOIN erased AS e ON e.id = i.article_id);
UPDATE link_verdicts SET note = NULL WHERE note IS NOT NULL AND (
    entity = 'article' AND (a_id IN (SELECT id FROM erased) OR b_id IN (SELECT id FROM erased))
    OR entity = 'incident' AND EXISTS (
        SELECT FROM incidents AS i JOIN erased AS e ON e.id = i.article_id WHERE i.id IN (a_id, b_id)));
UPDATE changes SET old = NULL WHERE old IS NOT NULL AND entity = 'incident'
    AND entity_id IN (SELECT i.id FROM incidents AS i JOIN erased AS e ON e.id = i.article_id);
DELETE FROM incident_persons
    WHERE incident_id IN (SELECT i.id FROM incidents AS i JOIN erased AS e ON e.id = i.article_id);
DELETE FROM reported_figures WHERE article_id IN (SELECT id FROM erased);
UPDATE incidents SET withdrawn_at = coalesce(withdrawn_at, now()), occurred_from = NULL, occurred_to = NULL,
    occurred_precision = NULL, occurred_text = NULL, occurred_basis = NULL, occurred_approx = false,
    occurred_partial = NULL, reported_from = NULL, reported_to = NULL, reported_precision = NULL,
    reported_text = NULL, reported_basis = NULL, reported_approx = false, reported_partial = NULL, place = NULL,
    station = NULL, station_full = NULL, agency_id = NULL, province = NULL, city = NULL, district = NULL,
    items = '{}', amount_cny = NULL, outcome = '{}', spans = '{}', flags = '{}'
    WHERE article_id IN (SELECT id FROM erased);
UPDATE sightings SET is_current = false, title = NULL, published_at = NULL, published_precision = 'unknown',
    source = NULL, site = NULL, byline = '[]', url = NULL WHERE article_id IN (SELECT id FROM erased);
UPDATE articles SET superseded_at = coalesce(superseded_at, now()), title = NULL, body = '', published_at = NULL,
    published_precision = 'unknown', source = NULL, site = NULL, author = NULL, byline = '[]', url = NULL,
    image_urls = '{}', repairs = '[]', removed = '[]' WHERE id IN (SELECT id FROM erased);
DELETE FROM agencies AS g WHERE EXISTS (SELECT FROM erased)
    AND NOT EXISTS (SELECT FROM incidents WHERE agency_id = g.id)
    AND NOT EXISTS (SELECT FROM overrides WHERE field = 'agency_id' AND to_jsonb(g.id) IN (value, extracted));
-- Their rejections will say which content it was, so that lifting one takedown reads the files of that one.
UPDATE source_files SET state = 'reread' WHERE state IN ('loaded', 'rejected') AND path_sha256 IN (
    SELECT path_sha256 FROM rejections WHERE reason = 'withdrawn' AND resolved_by IS NULL);

-- Last, since a table with checks still to be made can't be altered.
ALTER TABLE overrides DROP CONSTRAINT ck_overrides_reasoned,
    ADD CONSTRAINT ck_overrides_reasoned CHECK (made_by ~ '\S' AND why ~ '\S');
ALTER TABLE withdrawals DROP CONSTRAINT ck_withdrawals_reasoned,
    ADD CONSTRAINT ck_withdrawals_reasoned CHECK (made_by ~ '\S' AND why ~ '\S');
CREATE CONSTRAINT TRIGGER check_corrections AFTER INSERT OR UPDATE ON overrides DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION check_corrections();
