CREATE OR REPLACE FUNCTION search_grams(words text) RETURNS tsvector LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 10000
-- Pairs that begin at odd and at even places; white space and punctuation part words. What stands alone between
-- them is a lexeme of one character. A tsvector holds a megabyte: hence the limit, which no article reaches.
BEGIN ATOMIC
    SELECT array_to_tsvector(array_remove(
        string_to_array(regexp_replace(t.words, '(..)', '\1 ', 'g'), ' ')
        || string_to_array(regexp_replace(substr(t.words, 2), '(..)', '\1 ', 'g'), ' '), ''))
    FROM (SELECT regexp_replace(search_fold(left(search_grams.words, 100000)), '[\s，。、：；？！“”‘’（）《》〈〉【】〔〕「」『』…—·～,.:;?!\"''()<>\[\]{}|/\\_=+*&^%$#@~`-]+', ' ', 'g')) AS t (words);
END;
