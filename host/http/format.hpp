// The first lines of an answer, as they go over the wire. Internal to the room.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "http/request.hpp"

namespace tenantry::http {

// Status line and headers, what every answer carries included; without the empty line, so that more can be appended.
[[nodiscard]] std::string start_of(int status, std::string_view type, const std::vector<Header>& headers,
                                   std::string_view request_id);

void append_header(std::string& out, std::string_view name, std::string_view value);

}  // namespace tenantry::http
