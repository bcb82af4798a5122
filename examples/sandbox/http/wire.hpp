// Bytes of a socket to a Request and a Response to bytes.
#pragma once
#include <optional>
#include <string>

#include "sandbox/http/message.hpp"

namespace tenantry::sandbox {

// The next request of a connection; what was read beyond it stays in `buffer`. nullopt if the client hung up or sent
// something that is no HTTP.
[[nodiscard]] std::optional<Request> read_request(int socket, std::string& buffer);

// False if the client is gone.
bool write_response(int socket, const Response& response, bool without_body, bool keep_alive);

}  // namespace tenantry::sandbox
