-- Keys of indexes for which the access method has no default operator class (GetDefaultOpClass), and the ones to name.
-- In psql: \set asked '[["gin", 25]]'   (method, oid of the key's type)
-- Columns: method text, asked int8, type text, classes text (JSON array of operator classes that take the type).
WITH RECURSIVE base AS (
  SELECT a ->> 0 AS method, (a ->> 1)::int8::oid AS asked, (a ->> 1)::int8::oid AS oid
  FROM jsonb_array_elements((:'asked')::jsonb) AS a
  UNION
  SELECT b.method, b.asked, t.typbasetype
  FROM base b JOIN pg_type t ON t.oid = b.oid AND t.typtype = 'd'
), fitting AS (
  SELECT b.method, b.asked, c.opcname, c.opcdefault
  FROM base b
  JOIN pg_type t ON t.oid = b.oid AND t.typtype <> 'd'
  JOIN pg_am a ON a.amname = b.method
  JOIN pg_opclass c ON c.opcmethod = a.oid
  JOIN pg_type i ON i.oid = c.opcintype
  WHERE i.oid = t.oid
     OR i.typname IN ('any', 'anyelement', 'anycompatible')
     OR i.typname IN ('anyarray', 'anycompatiblearray') AND t.typcategory = 'A'
     OR i.typname = CASE t.typtype WHEN 'e' THEN 'anyenum' WHEN 'r' THEN 'anyrange' WHEN 'm' THEN 'anymultirange'
                                   WHEN 'c' THEN 'record' END
     OR EXISTS (SELECT FROM pg_cast k WHERE k.castsource = t.oid AND k.casttarget = i.oid
                AND k.castmethod = 'b' AND k.castcontext = 'i')
)
SELECT b.method, b.asked::int8, format_type(b.asked, NULL),
       (SELECT json_agg(f.opcname ORDER BY f.opcname) FROM fitting f
        WHERE f.method = b.method AND f.asked = b.asked)::text
FROM base b
WHERE b.oid = b.asked AND b.asked <> 'unknown'::regtype
  AND NOT EXISTS (SELECT FROM fitting f WHERE f.method = b.method AND f.asked = b.asked AND f.opcdefault)
