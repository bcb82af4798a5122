#include "templates.hpp"

TENANTRY_ENGINE(tenantry::odoo::TemplateEngine)
