// The statements that carry the changes of many runs at once. For run_arrays.cpp, and for those who look at their
// plans.
#pragma once
#include <string>

namespace tenantry::tables {

struct ArrayStatements {
  std::string update_heads;
  std::string insert_heads;
  std::string insert_documents;
  std::string insert_steps;
  std::string update_steps;
  std::string insert_attempts;
  std::string insert_events;
  std::string insert_operations;
  std::string delete_handed;
};
[[nodiscard]] const ArrayStatements& array_statements();

}  // namespace tenantry::tables
