CREATE OR REPLACE FUNCTION search_words(words text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT array_agg(w.word ORDER BY length(w.word) DESC, w.word)
    FROM (
        SELECT DISTINCT s.word FROM regexp_split_to_table(search_fold(normalize(search_words.words)), '\s+') AS s (word)
        WHERE s.word <> ''
    ) AS w;
END;
