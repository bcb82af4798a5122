// The console: the page on which people look at the host and steer it. Everything it consists of is compiled into the
// binary (page/, see embed.cmake) and served from memory; what it shows comes from the REST interface, with the token
// of whoever signed in. Nothing is loaded from anywhere else, and nothing in it is secret.
#pragma once
#include "http/router.hpp"

namespace tenantry::console {

// Adds / and /console/...: files under a name that changes with their content, so that they may be kept for ever, and
// for every other path the page itself, which finds out what to show.
void add_routes(http::Router& router);

}  // namespace tenantry::console
