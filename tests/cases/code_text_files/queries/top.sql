-- the largest of a table
SELECT name, "size"
FROM {table}
WHERE name NOT LIKE '\_%' ESCAPE '\'
ORDER BY "size" DESC
LIMIT {limit}
