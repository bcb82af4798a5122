#include "engine.hpp"

TENANTRY_ENGINE(tenantry::erpnext::Engine)
