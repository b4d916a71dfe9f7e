CREATE OR REPLACE FUNCTION search_fold(words text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    present text;
BEGIN
    -- translate() searches its whole list for every character, so a long text is asked first which it holds.
    IF length(words) <= 24 THEN
        RETURN translate(words, '{from}', '{to}');
    END IF;
    present := regexp_replace(words, '[^{from}]+', '', 'g');
    RETURN CASE WHEN present = '' THEN words ELSE translate(words, present, translate(present, '{from}', '{to}')) END;
END $$;

CREATE OR REPLACE FUNCTION search_words(words text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT array_agg(w.word ORDER BY length(w.word) DESC, w.word)
    FROM (
        SELECT DISTINCT s.word FROM regexp_split_to_table(search_fold(normalize(search_words.words)), '\s+') AS s (word)
        WHERE s.word <> ''
    ) AS w;
END;

CREATE OR REPLACE FUNCTION search_articles(
    words text, max_results int DEFAULT 20, mark_start text DEFAULT '【', mark_end text DEFAULT '】'
)
RETURNS TABLE (article_id bigint, rank real, title text, published_on date, source text, snippet text)
LANGUAGE plpgsql STABLE PARALLEL SAFE
-- The planner knows nothing of how common the words are: always the index, a bitmap that stays
-- exact, and no compiling of what is over in a millisecond.
SET enable_seqscan = off SET work_mem = '64MB' SET jit = off AS $$
#variable_conflict use_column
DECLARE
    many CONSTANT int := 10000;  -- hits that are looked at; when there are more, the newest articles answer
    ranked CONSTANT int := 100 + max_results;  -- hits whose text is read
    wanted text[] := search_words(words);
    query tsquery := search_query(words);
    hits bigint[];
BEGIN
    IF query IS NULL THEN
        RETURN;
    END IF;
    SELECT array_agg(h.id ORDER BY h.in_title DESC NULLS LAST, h.published_on DESC NULLS LAST, h.id) INTO hits
    FROM (
        SELECT a.id, a.published_on, strpos(a.title, wanted[1]) > 0 AS in_title
        FROM articles AS a
        WHERE search_grams(coalesce(a.title, '') || ' ' || a.body) @@ query AND a.superseded_at IS NULL
        LIMIT many
    ) AS h;
    IF cardinality(hits) = many THEN
        hits := ARRAY(
            SELECT a.id FROM articles AS a
            WHERE a.published_on IS NOT NULL AND a.superseded_at IS NULL
                AND (SELECT bool_and(strpos(a.body, w) > 0) FROM unnest(wanted) AS w)
            ORDER BY a.published_on DESC LIMIT greatest(max_results, 50)
        );
    END IF;
    RETURN QUERY
    WITH found AS MATERIALIZED (
        SELECT a.id, s.rank
        FROM articles AS a
        CROSS JOIN LATERAL (SELECT a.body || '' OFFSET 0) AS d (body)  -- decompressed once
        CROSS JOIN LATERAL (
            -- Folding costs more than reading, and nearly every text holds the words as they are.
            SELECT CASE WHEN v.as_it_is THEN a.title ELSE search_fold(a.title) END AS title,
                CASE WHEN v.as_it_is THEN d.body ELSE search_fold(d.body) END AS body
            FROM (SELECT bool_and(strpos(d.body, w) > 0) FROM unnest(wanted) AS w) AS v (as_it_is)
            OFFSET 0
        ) AS f
        CROSS JOIN LATERAL (
            -- Each word counts by how often it stands in the text, ever less the more often, and twice in the title.
            SELECT sum(n.times / (n.times + 2) + CASE WHEN n.in_title THEN 2 ELSE 0 END)::real AS rank,
                bool_and(n.times > 0 OR n.in_title) AS has_all
            FROM (
                SELECT (octet_length(f.body) - octet_length(replace(f.body, w, '')))::float / octet_length(w) AS times,
                    coalesce(strpos(f.title, w) > 0, false) AS in_title
                FROM unnest(wanted) AS w
            ) AS n
        ) AS s
        WHERE a.id = ANY (hits[1:ranked]) AND s.has_all
    )
    SELECT a.id, f.rank, a.title, a.published_on, a.source,
        search_snippet(a.body, wanted, mark_start, mark_end, 80)
    FROM (
        SELECT found.id, found.rank FROM found JOIN articles AS b ON b.id = found.id
        ORDER BY found.rank DESC, b.published_on DESC NULLS LAST, b.id LIMIT max_results
    ) AS f
    JOIN articles AS a ON a.id = f.id
    ORDER BY f.rank DESC, a.published_on DESC NULLS LAST, a.id;
END $$;

ALTER INDEX ix_articles_search RESET (gin_pending_list_limit);
