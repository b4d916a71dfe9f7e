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
