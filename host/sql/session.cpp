#include "sql/session.hpp"

#include <algorithm>
#include <cctype>

namespace tenantry::sql {

std::vector<std::string> parameter_names(std::string_view sql) {
  std::vector<std::string> names;
  bool quoted = false;
  for (std::size_t i = 0; i < sql.size(); ++i) {
    if (sql[i] == '\'') quoted = !quoted;
    if (quoted || sql[i] != ':') continue;
    std::size_t end = i + 1;
    while (end < sql.size() && (std::isalnum(static_cast<unsigned char>(sql[end])) != 0 || sql[end] == '_')) ++end;
    std::string name(sql.substr(i + 1, end - i - 1));
    if (!name.empty() && std::find(names.begin(), names.end(), name) == names.end()) names.push_back(std::move(name));
    i = end - 1;
  }
  return names;
}

Session::Session(const Dialect& dialect, Access access) : dialect_(dialect), session_(dialect.connect(access)) {}

}  // namespace tenantry::sql
