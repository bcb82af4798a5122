#include "store/sqlite_file.hpp"

#define STORE_BACKEND tenantry::testing::SqliteFile
#define STORE_BACKEND_NAME "a SQLite file"
#include "store/store_contract.hpp"
