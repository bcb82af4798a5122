// Files that hold a secret.
#pragma once
#include <string>

#include "base/result.hpp"

namespace tenantry::secrets {

// The text of a file that only its owner (this user, or root) may read, without line breaks at its end. Looks at the
// very file it reads. Errors: `what`.unreadable, `what`.exposed, `what`.empty; 64 KiB at most. The caller wipes it.
[[nodiscard]] base::Result<std::string> read_private_file(const std::string& path, const std::string& what);

}  // namespace tenantry::secrets
