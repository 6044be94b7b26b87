-- Every scene of every film and cut: how large a share of the faces smiled, over all of its screenings, and where that
-- stands among all scenes that the same scorer scored (0 the lowest, 1 the highest). Runs in Athena on the stack of
-- infra/archive.yaml, and in DuckDB on the same files. For another expression change the word in quotes.
WITH scenes AS (
    SELECT
        film,
        cut,
        segment,
        scorer,
        COUNT(DISTINCT session_id) AS screenings,
        SUM(faces_scored) AS face_windows,
        CAST(SUM(faces_over) AS double) / SUM(faces_scored) AS share,
        SUM(confidence_total) / SUM(faces_scored) AS level
    FROM shares
    WHERE expression = 'smile' AND film <> '' AND segment <> ''
    GROUP BY film, cut, segment, scorer
)
SELECT
    film,
    cut,
    segment,
    scorer,
    screenings,
    face_windows,
    share,
    level,
    PERCENT_RANK() OVER (PARTITION BY scorer ORDER BY share) AS standing
FROM scenes
ORDER BY film, cut, share DESC
