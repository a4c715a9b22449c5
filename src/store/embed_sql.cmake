# cmake -DINPUT=schema.sql -DOUTPUT=schema.inc -P embed_sql.cmake: the file as a C++ raw string literal.
file(READ ${INPUT} text)
file(WRITE ${OUTPUT} "R\"cmdsrv_sql(${text})cmdsrv_sql\"\n")
