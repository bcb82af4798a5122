// The statements of the store, as they are written in its sources: every R"sql(...)sql".
#pragma once
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace tenantry::testing {

struct Statement {
  std::string file;
  std::string sql;
};

[[nodiscard]] inline std::vector<Statement> statements() {
  std::vector<Statement> found;
  for (const auto* room : {"sql", "tables", "database"})
    for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(TENANTRY_ROOMS) / room)) {
      if (entry.path().extension() != ".cpp") continue;
      std::ifstream in(entry.path());
      const std::string text{std::istreambuf_iterator<char>(in), {}};
      const std::string open = "R\"sql(";
      for (auto start = text.find(open); start != std::string::npos; start = text.find(open, start)) {
        start += open.size();
        found.push_back({entry.path().filename().string(), text.substr(start, text.find(")sql\"", start) - start)});
      }
    }
  return found;
}

}  // namespace tenantry::testing
