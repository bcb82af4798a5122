#include "schema/builtin.hpp"

#include <map>
#include <stdexcept>
#include <string>

#include "schema/embedded.hpp"

namespace tenantry::schema {
namespace {

struct Entry {
  std::string_view text;
  Schema schema;
};
using Entries = std::map<std::string_view, Entry>;

Entries compile_all() {
  Entries out;
  for (const auto& file : embedded()) {
    const auto document = base::parse_json(file.text);
    if (!document) throw std::logic_error("schema " + std::string(file.name) + ": " + document.error().message);
    auto schema = Schema::compile(*document);
    if (!schema) {
      const auto first = schema.error().problems.front();
      throw std::logic_error("schema " + std::string(file.name) + " at " + first.pointer + ": " + first.message);
    }
    out.emplace(file.name, Entry{file.text, std::move(*schema)});
  }
  return out;
}

const Entries& entries() {
  static const Entries all = compile_all();
  return all;
}

}  // namespace

const Schema& builtin(std::string_view name) { return entries().at(name).schema; }

std::string_view builtin_text(std::string_view name) { return entries().at(name).text; }

std::vector<std::string_view> builtin_names() {
  std::vector<std::string_view> out;
  for (const auto& [name, entry] : entries()) out.push_back(name);
  return out;
}

}  // namespace tenantry::schema
