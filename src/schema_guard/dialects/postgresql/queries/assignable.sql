-- Whether PostgreSQL assigns a value of one type to a column of another (find_coercion_pathway, COERCION_ASSIGNMENT).
-- In psql: \set given 25   \set taken 23   (oids of types). Runs under any search_path.
-- Columns: assignable bool, given text, taken text (the types' names).
WITH RECURSIVE side(of, id) AS (
  SELECT 'given', (:'given')::pg_catalog.oid
  UNION ALL
  SELECT 'taken', (:'taken')::pg_catalog.oid
  UNION ALL
  SELECT s.of, t.typbasetype
  FROM side s JOIN pg_catalog.pg_type t ON t.oid OPERATOR(pg_catalog.=) s.id
  WHERE t.typtype OPERATOR(pg_catalog.=) 'd'
), base AS (
  SELECT s.of, t.oid, t.typtype, t.typcategory, t.typelem
  FROM side s JOIN pg_catalog.pg_type t ON t.oid OPERATOR(pg_catalog.=) s.id
  WHERE t.typtype OPERATOR(pg_catalog.<>) 'd'
), pair AS (
  SELECT g.oid AS given, t.oid AS taken, t.typcategory FROM base g, base t
  WHERE g.of OPERATOR(pg_catalog.=) 'given' AND t.of OPERATOR(pg_catalog.=) 'taken'
  UNION ALL  -- arrays go by their items
  SELECT g.typelem, t.typelem, e.typcategory FROM base g, base t
  JOIN pg_catalog.pg_type e ON e.oid OPERATOR(pg_catalog.=) t.typelem
  WHERE g.of OPERATOR(pg_catalog.=) 'given' AND t.of OPERATOR(pg_catalog.=) 'taken'
    AND g.typcategory OPERATOR(pg_catalog.=) 'A' AND t.typcategory OPERATOR(pg_catalog.=) 'A'
), told AS (
  SELECT p.given OPERATOR(pg_catalog.=) p.taken
      OR coalesce((SELECT c.castcontext OPERATOR(pg_catalog.<>) 'e' FROM pg_catalog.pg_cast c
                   WHERE c.castsource OPERATOR(pg_catalog.=) p.given AND c.casttarget OPERATOR(pg_catalog.=) p.taken),
                  p.typcategory OPERATOR(pg_catalog.=) 'S') AS assignable  -- any type has a text form
  FROM pair p
)
SELECT EXISTS (SELECT FROM told WHERE assignable)
    OR EXISTS (SELECT FROM base WHERE typtype OPERATOR(pg_catalog.=) ANY ('{c,p}'::pg_catalog."char"[]))
    OR EXISTS (SELECT FROM base b JOIN pg_catalog.pg_type e ON e.oid OPERATOR(pg_catalog.=) b.typelem
               WHERE e.typtype OPERATOR(pg_catalog.=) ANY ('{c,p,d}'::pg_catalog."char"[])),
       pg_catalog.format_type((:'given')::pg_catalog.oid, NULL), pg_catalog.format_type((:'taken')::pg_catalog.oid, NULL)
