// Lists and counts: filters, fields, order and limits as Frappe understands them.
#pragma once
#include <map>
#include <string>

#include "sandbox/erpnext/documents.hpp"

namespace tenantry::sandbox::erpnext {

// Arguments of a request by name; what came as JSON is kept as JSON, what came in the query string is a string.
using Arguments = std::map<std::string, json::value>;

[[nodiscard]] std::string argument(const Arguments& arguments, const std::string& name,
                                   const std::string& fallback = {});
// An argument that is JSON, or a string that holds JSON. Throws Frappe's JSONDecodeError.
[[nodiscard]] json::value json_argument(const Arguments& arguments, const std::string& name);
// Throws what Python's json.loads throws.
[[nodiscard]] json::value parse_like_python(std::string_view text);

struct Query {
  json::value filters;              // array of conditions, or object; null: all
  std::vector<std::string> fields;  // empty: ["name"]; "*" is all of them
  std::string order_by;
  std::size_t start = 0;
  std::size_t limit = 20;  // 0: all
  std::string parent;      // of a child doctype
};
[[nodiscard]] Query read_query(const Arguments& arguments);

// Rows with the asked fields. Throws DataError for a field that is not there.
[[nodiscard]] json::array list(Site& site, const Doctype& doctype, const Query& query);
// Throws OperationalError 1054 for such a field, as frappe.client.get_count does.
[[nodiscard]] std::size_t count(Site& site, const Doctype& doctype, const json::value& filters);

}  // namespace tenantry::sandbox::erpnext
