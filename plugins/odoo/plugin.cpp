#include "engine.hpp"

TENANTRY_ENGINE(tenantry::odoo::Engine)
