-- translate() searches its whole list of thousands for every character, so a text is asked first which of them it
-- holds: a title takes a thirtieth of the time. The first call of a session compiles the pattern, some 8 ms.
CREATE OR REPLACE FUNCTION search_fold(words text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    present text := regexp_replace(words, '[^{from}]+', '', 'g');
BEGIN
    RETURN CASE WHEN present = '' THEN words ELSE translate(words, present, translate(present, '{from}', '{to}')) END;
END $$;

CREATE OR REPLACE FUNCTION search_words(words text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT array_agg(w.word ORDER BY length(w.word) DESC, w.word)
    FROM (
        SELECT DISTINCT s.word FROM regexp_split_to_table(
            search_fold(normalize(search_words.words)),
            '[\s，。、：；？！“”‘’（）《》〈〉【】〔〕「」『』…—·～,.:;?!\"''()<>\[\]{}|/\\_=+*&^%$#@~`-]+'
        ) AS s (word)
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
    many CONSTANT int := 5000;  -- hits that are looked at; when there are more, the newest articles answer
    enough int;  -- hits that are ranked
    wanted text[];
    query tsquery;
    hits bigint[];
    common boolean;
    newest bigint[];
    passed int := 0;  -- of the newest articles, looked through for common words
    slice int := 1000;
    chosen bigint[];
    at_hit int;
    portion int;
    ids bigint[] := '{}';
    ranks real[] := '{}';
    more_ids bigint[];
    more_ranks real[];
BEGIN
    IF length(words) > 200 OR max_results NOT BETWEEN 0 AND 10000 THEN
        RAISE EXCEPTION 'search_articles takes 200 characters of words and gives 0 to 10000 results'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    wanted := search_words(words);
    query := search_query(words);
    IF query IS NULL THEN
        RETURN;
    END IF;
    LOOP
        newest := ARRAY(
            SELECT a.id FROM articles AS a WHERE a.published_on IS NOT NULL AND a.superseded_at IS NULL
            ORDER BY a.published_on DESC, a.id OFFSET passed LIMIT slice
        );
        chosen := ARRAY(
            SELECT a.id FROM articles AS a
            WHERE a.id = ANY (newest) AND search_grams(coalesce(a.title, '') || ' ' || a.body) @@ query
            ORDER BY strpos(a.title, wanted[1]) > 0 DESC NULLS LAST, a.published_on DESC, a.id
        );
        IF passed = 0 THEN
            -- Of words as common as this among the newest articles nobody need fetch all hits to know.
            common := cardinality(newest) = slice AND cardinality(chosen) > 2 * many * slice
                / nullif((SELECT c.reltuples FROM pg_class AS c WHERE c.oid = 'articles'::regclass), 0);
            IF common IS NOT TRUE THEN
                SELECT array_agg(h.id ORDER BY h.in_title DESC NULLS LAST, h.published_on DESC NULLS LAST, h.id) INTO hits
                FROM (
                    SELECT a.id, a.published_on, strpos(a.title, wanted[1]) > 0 AS in_title
                    FROM articles AS a
                    WHERE search_grams(coalesce(a.title, '') || ' ' || a.body) @@ query AND a.superseded_at IS NULL
                    LIMIT many
                ) AS h;
                common := coalesce(cardinality(hits), 0) = many;
            END IF;
            enough := max_results + CASE WHEN common THEN 30 ELSE 100 END;
        END IF;
        IF NOT common THEN
            chosen := coalesce(hits, '{}');
        ELSIF cardinality(newest) < slice THEN
            common := false;
            chosen := chosen || coalesce(hits, '{}');  -- those without a date at last
        END IF;
        passed := passed + slice;
        slice := slice * 4;
        -- The index knows pairs of characters only: 电动三轮开到动车站 has both of 电动车, but not the word.
        at_hit := 1;
        portion := enough;
        WHILE at_hit <= cardinality(chosen) AND cardinality(ids) < enough LOOP
            SELECT array_agg(a.id), array_agg(s.rank) INTO more_ids, more_ranks
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
            WHERE a.id = ANY (chosen[at_hit : at_hit + portion - 1]) AND a.id <> ALL (ids) AND s.has_all;
            ids := ids || more_ids;
            ranks := ranks || more_ranks;
            at_hit := at_hit + portion;
            portion := (enough - cardinality(ids)) * at_hit / (cardinality(ids) + 1) + 10;
        END LOOP;
        EXIT WHEN NOT common OR cardinality(ids) >= enough;
    END LOOP;
    RETURN QUERY
    SELECT a.id, f.rank, a.title, a.published_on, a.source,
        search_snippet(a.body, wanted, mark_start, mark_end, 80)
    FROM (
        SELECT n.id, n.rank FROM unnest(ids, ranks) AS n (id, rank) JOIN articles AS b ON b.id = n.id
        ORDER BY n.rank DESC, b.published_on DESC NULLS LAST, b.id LIMIT max_results
    ) AS f
    JOIN articles AS a ON a.id = f.id
    ORDER BY f.rank DESC, a.published_on DESC NULLS LAST, a.id;
END $$;

-- What waits to be sorted into the index is read through by every search: 4 MB, the default, costs it 0.4 s.
ALTER INDEX ix_articles_search SET (gin_pending_list_limit = 256);
