// What the sandbox knows of each doctype: fields in the order in which they are answered, their defaults, links, name.
// Read from data/doctypes.json, which was made from recorded documents.
#pragma once
#include <boost/json.hpp>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace tenantry::sandbox::erpnext {

namespace json = boost::json;

struct Field {
  std::string name;
  json::value fallback;  // null: absent in REST answers until it is set
};
struct Link {
  std::string field;
  std::string target;
  std::string label;
};
struct Labelled {
  std::string field;
  std::string label;
};
struct ChildTable {
  std::string field;
  std::string doctype;  // empty: rows are never looked into
};

struct Doctype {
  std::string name;
  std::string naming;  // "field:F", "series:PATTERN", "hash", "prompt", "single", "child", "custom"
  std::vector<Field> fields;
  std::vector<ChildTable> tables;
  std::vector<Link> links;
  std::vector<Labelled> required;
  std::vector<std::string> identity;  // fields that say that two documents are the same thing
  std::string tree_parent;            // the field that names the parent, of a tree
  bool single = false;
  bool child = false;
  bool submittable = false;
  bool creation_order = false;  // lists without order_by come in the order of creation rather than by name

  [[nodiscard]] const Field* field(std::string_view field_name) const;
  [[nodiscard]] const ChildTable* table(std::string_view field_name) const;
  // A field's name as people read it.
  [[nodiscard]] std::string label(std::string_view field_name) const;

 private:
  friend class Schema;
  std::unordered_map<std::string, std::size_t> index_;
};

// Immutable after construction.
class Schema {
 public:
  Schema();
  // nullptr: there is no such doctype.
  [[nodiscard]] const Doctype* find(std::string_view name) const;
  [[nodiscard]] const std::map<std::string, Doctype, std::less<>>& all() const { return doctypes_; }
  // Every (doctype, link) that points to `target`.
  [[nodiscard]] const std::vector<std::pair<const Doctype*, const Link*>>& links_to(const std::string& target) const;
  // The tables that hold rows of a child doctype.
  [[nodiscard]] const std::vector<std::pair<const Doctype*, const ChildTable*>>& parents_of(
      const std::string& child) const;

 private:
  std::map<std::string, Doctype, std::less<>> doctypes_;
  std::map<std::string, std::vector<std::pair<const Doctype*, const Link*>>> links_to_;
  std::map<std::string, std::vector<std::pair<const Doctype*, const ChildTable*>>> parents_of_;
};

// One for the whole process: the data is compiled in and never changes.
[[nodiscard]] const Schema& schema();
[[nodiscard]] const json::object& presets();
[[nodiscard]] const json::object& charts();

}  // namespace tenantry::sandbox::erpnext
