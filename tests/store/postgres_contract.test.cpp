#include "store/postgres_database.hpp"

#define STORE_BACKEND tenantry::testing::PostgresDatabase
#define STORE_BACKEND_NAME "PostgreSQL"
#include "store/store_contract.hpp"
