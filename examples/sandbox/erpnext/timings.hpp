// How long the recorded server took on a quiet machine.
#pragma once
#include <chrono>
#include <string>

namespace tenantry::sandbox::erpnext {

// `subject` is a doctype or a method; `name` is empty for a collection.
[[nodiscard]] std::chrono::milliseconds recorded_time(const std::string& method, const std::string& subject,
                                                      const std::string& name);

}  // namespace tenantry::sandbox::erpnext
