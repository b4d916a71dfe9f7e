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
