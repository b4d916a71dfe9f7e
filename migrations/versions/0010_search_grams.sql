CREATE OR REPLACE FUNCTION search_grams(words text) RETURNS tsvector LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 10000
SET search_path FROM CURRENT AS $$  -- a restore fills the index with nothing on the path
-- Pairs that begin at odd and at even places; white space and punctuation part words. What stands alone between
-- them is a lexeme of one character. A tsvector holds a megabyte: hence the limit, which no article reaches.
DECLARE
    parted text := regexp_replace(search_fold(left(words, 100000)), '[\s，。、：；？！“”‘’（）《》〈〉【】〔〕「」『』…—·～,.:;?!\"''()<>\[\]{}|/\\_=+*&^%$#@~`-]+', ' ', 'g');
BEGIN
    RETURN array_to_tsvector(array_remove(string_to_array(
        regexp_replace(parted, '..', '\& ', 'g') || ' ' || regexp_replace(substr(parted, 2), '..', '\& ', 'g'), ' '
    ), ''));
END $$;
