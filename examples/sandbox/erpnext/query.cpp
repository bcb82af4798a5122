#include "sandbox/erpnext/query.hpp"

#include <algorithm>
#include <array>

#include "sandbox/faults.hpp"

namespace tenantry::sandbox::erpnext {

namespace {

struct Condition {
  std::string child;  // the child doctype, or ""
  std::string field;
  std::string operation = "=";
  json::value value;
};

// One row to look at: of a document, or of a child table with its parent.
struct Candidate {
  std::string name;
  const json::object* document = nullptr;
  const json::object* parent = nullptr;
  std::string parent_doctype;
  std::string parent_field;
  std::uint64_t order = 0;
};

bool is_column(const Doctype& doctype, std::string_view field) {
  static constexpr std::array<std::string_view, 11> kStandard{"name",        "owner",     "creation", "modified",
                                                              "modified_by", "docstatus", "idx",      "_user_tags",
                                                              "_comments",   "_assign",   "_liked_by"};
  static constexpr std::array<std::string_view, 3> kOfRows{"parent", "parentfield", "parenttype"};
  return std::find(kStandard.begin(), kStandard.end(), field) != kStandard.end() || doctype.field(field) ||
         (doctype.child && std::find(kOfRows.begin(), kOfRows.end(), field) != kOfRows.end());
}

std::vector<Condition> read_conditions(const json::value& filters) {
  std::vector<Condition> result;
  const auto add_pair = [&result](const std::string& field, const json::value& value) {
    if (value.is_array() && value.get_array().size() == 2 && value.get_array()[0].is_string())
      result.push_back({"", field, as_text(value.get_array()[0]), value.get_array()[1]});
    else
      result.push_back({"", field, "=", value});
  };
  if (filters.is_object())
    for (const auto& member : filters.get_object()) add_pair(member.key(), member.value());
  if (!filters.is_array()) return result;
  for (const auto& entry : filters.get_array()) {
    if (!entry.is_array()) continue;
    const auto& parts = entry.get_array();
    if (parts.size() == 2) add_pair(as_text(parts[0]), parts[1]);
    if (parts.size() == 3) result.push_back({"", as_text(parts[0]), as_text(parts[1]), parts[2]});
    if (parts.size() >= 4) result.push_back({as_text(parts[0]), as_text(parts[1]), as_text(parts[2]), parts[3]});
  }
  return result;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

// Below, at or above; numbers as numbers, all else as text without regard to case, as the collation does.
int compare(const json::value& a, const json::value& b) {
  if (a.is_number() || b.is_number()) {
    const double left = as_number(a);
    const double right = as_number(b);
    return left < right ? -1 : left > right ? 1 : 0;
  }
  return lower(as_text(a)).compare(lower(as_text(b)));
}

bool like(const json::value& value, const json::value& pattern) {
  std::string stars = lower(as_text(pattern));
  std::replace(stars.begin(), stars.end(), '%', '*');
  return matches(stars, lower(as_text(value)));
}

bool is_in(const json::value& value, const json::value& set) {
  if (set.is_array()) {
    for (const auto& entry : set.get_array())
      if (compare(value, entry) == 0) return true;
    return false;
  }
  std::string rest = as_text(set);
  for (std::size_t begin = 0; begin <= rest.size();) {
    const auto end = std::min(rest.find(',', begin), rest.size());
    if (compare(value, json::value(rest.substr(begin, end - begin))) == 0) return true;
    begin = end + 1;
  }
  return false;
}

bool holds(const Condition& condition, const json::value& value) {
  const std::string operation = lower(condition.operation);
  if (operation == "=") return compare(value, condition.value) == 0 && (!value.is_null() || condition.value.is_null());
  if (operation == "!=") return compare(value, condition.value) != 0;
  if (operation == "<") return !value.is_null() && compare(value, condition.value) < 0;
  if (operation == ">") return !value.is_null() && compare(value, condition.value) > 0;
  if (operation == "<=") return !value.is_null() && compare(value, condition.value) <= 0;
  if (operation == ">=") return !value.is_null() && compare(value, condition.value) >= 0;
  if (operation == "like") return like(value, condition.value);
  if (operation == "not like") return !like(value, condition.value);
  if (operation == "in") return is_in(value, condition.value);
  if (operation == "not in") return !is_in(value, condition.value);
  if (operation == "is") return as_text(value).empty() != (lower(as_text(condition.value)) == "set");
  if (operation == "between" && condition.value.is_array() && condition.value.get_array().size() == 2)
    return compare(value, condition.value.get_array()[0]) >= 0 && compare(value, condition.value.get_array()[1]) <= 0;
  throw validation("Operator must be one of =, !=, >, <, >=, <=, like, not like, in, not in, is, between", false);
}

json::value column(Site& site, const Doctype& doctype, const Candidate& candidate, std::string_view field) {
  if (candidate.parent) {
    if (field == "parent") return candidate.parent->at("name");
    if (field == "parenttype") return json::value(candidate.parent_doctype);
    if (field == "parentfield") return json::value(candidate.parent_field);
    const bool inherited = field == "owner" || field == "creation" || field == "modified" || field == "docstatus";
    if (inherited) return candidate.parent->at(field);
  }
  if (!doctype.tree_parent.empty() && (field == "lft" || field == "rgt")) {
    const auto bounds = site.bounds(doctype.name, candidate.name);
    return field == "lft" ? bounds.first : bounds.second;
  }
  if (field == "idx" && !candidate.document->contains("idx")) return 0;
  return field_of(doctype, *candidate.document, field);
}

std::vector<Candidate> candidates(Site& site, const Doctype& doctype) {
  std::vector<Candidate> result;
  if (!doctype.child) {
    for (const auto& [name, row] : site.table(doctype.name))
      result.push_back({name, row.document.get(), nullptr, "", "", row.order});
    return result;
  }
  std::uint64_t order = 0;
  for (const auto& [parent, table] : schema().parents_of(doctype.name))
    for (const auto& [name, row] : site.table(parent->name)) {
      const auto* rows = row.document->if_contains(table->field);
      if (!rows || !rows->is_array()) continue;
      for (const auto& entry : rows->get_array())
        result.push_back(
            {as_text(entry.at("name")), &entry.get_object(), row.document.get(), parent->name, table->field, order++});
    }
  return result;
}

bool child_holds(const Doctype& doctype, const Candidate& candidate, const Condition& condition) {
  for (const auto& table : doctype.tables) {
    if (table.doctype != condition.child) continue;
    const auto* rows = candidate.document->if_contains(table.field);
    if (!rows || !rows->is_array()) continue;
    const auto& child = *schema().find(table.doctype);
    for (const auto& row : rows->get_array())
      if (holds(condition, field_of(child, row.as_object(), condition.field))) return true;
  }
  return false;
}

std::vector<Candidate> select(Site& site, const Doctype& doctype, const std::vector<Condition>& conditions) {
  const auto passes = [&](const Candidate& candidate) {
    return std::all_of(conditions.begin(), conditions.end(), [&](const Condition& condition) {
      if (!condition.child.empty() && condition.child != doctype.name)
        return child_holds(doctype, candidate, condition);
      return holds(condition, column(site, doctype, candidate, condition.field));
    });
  };
  // Most checks ask for one document by its name: no need to look at all of them.
  for (const auto& condition : conditions) {
    if (doctype.child || condition.field != "name" || condition.operation != "=" || !condition.child.empty()) continue;
    const Table& rows = site.table(doctype.name);
    const auto found = rows.find(as_text(condition.value));
    if (found == rows.end()) break;
    const Candidate candidate{found->first, found->second.document.get(), nullptr, "", "", 0};
    return passes(candidate) ? std::vector{candidate} : std::vector<Candidate>{};
  }
  std::vector<Candidate> result = candidates(site, doctype);
  std::erase_if(result, [&](const Candidate& candidate) { return !passes(candidate); });
  return result;
}

void sort_rows(Site& site, const Doctype& doctype, const std::string& order_by, std::vector<Candidate>& rows) {
  if (order_by.empty()) {
    if (doctype.creation_order || doctype.child)
      std::sort(rows.begin(), rows.end(), [](const Candidate& a, const Candidate& b) { return a.order < b.order; });
    return;
  }
  std::string field = order_by.substr(0, order_by.find(','));
  const bool descending = lower(field).ends_with(" desc");
  field = field.substr(0, field.find(' '));
  field.erase(std::remove(field.begin(), field.end(), '`'), field.end());
  if (const auto dot = field.rfind('.'); dot != std::string::npos) field = field.substr(dot + 1);
  if (!is_column(doctype, field)) throw thrown(417, "DataError", "Field not permitted in query: " + field);
  std::stable_sort(rows.begin(), rows.end(), [&](const Candidate& a, const Candidate& b) {
    const int order = compare(column(site, doctype, a, field), column(site, doctype, b, field));
    return descending ? order > 0 : order < 0;
  });
}

}  // namespace

std::string argument(const Arguments& arguments, const std::string& name, const std::string& fallback) {
  const auto found = arguments.find(name);
  return found == arguments.end() || found->second.is_null() ? fallback : as_text(found->second);
}

json::value parse_like_python(std::string_view text) {
  boost::system::error_code bad;
  json::stream_parser parser;
  const std::size_t used = parser.write_some(text.data(), text.size(), bad);
  if (!bad && used == text.size()) parser.finish(bad);
  if (!bad && used == text.size()) return parser.release();
  const std::size_t at = std::min(used, text.size());
  const bool in_object = !text.empty() && text.find_first_not_of(" ") == text.find('{') && at <= 2;
  const std::size_t position = in_object ? 1 : text.size();
  throw crash("JSONDecodeError",
              "json.decoder.JSONDecodeError: " +
                  std::string(in_object ? "Expecting property name enclosed in double quotes" : "Expecting value") +
                  ": line 1 column " + std::to_string(position + 1) + " (char " + std::to_string(position) + ")");
}

json::value json_argument(const Arguments& arguments, const std::string& name) {
  const auto found = arguments.find(name);
  if (found == arguments.end()) return nullptr;
  if (!found->second.is_string()) return found->second;
  if (found->second.get_string().empty()) return nullptr;
  return parse_like_python(found->second.get_string());
}

Query read_query(const Arguments& arguments) {
  Query query;
  query.filters = json_argument(arguments, "filters");
  const json::value fields = json_argument(arguments, "fields");
  if (fields.is_array())
    for (const auto& field : fields.get_array()) query.fields.push_back(as_text(field));
  query.order_by = argument(arguments, "order_by");
  query.parent = argument(arguments, "parent");
  const auto number = [&arguments](const std::string& first, const std::string& second, std::size_t fallback) {
    const std::string text = argument(arguments, first, argument(arguments, second));
    return text.empty() ? fallback : static_cast<std::size_t>(std::strtoull(text.c_str(), nullptr, 10));
  };
  query.start = number("limit_start", "start", 0);
  query.limit = number("limit_page_length", "limit", 20);
  return query;
}

json::array list(Site& site, const Doctype& doctype, const Query& query) {
  auto conditions = read_conditions(query.filters);
  for (const auto& condition : conditions) {
    const bool of_child = !condition.child.empty() && condition.child != doctype.name;
    const auto* subject = of_child ? schema().find(condition.child) : &doctype;
    if (!subject || !is_column(*subject, condition.field))
      throw thrown(417, "DataError", "Field not permitted in query: " + condition.field);
  }
  std::vector<std::string> fields = query.fields.empty() ? std::vector<std::string>{"name"} : query.fields;
  if (fields.size() == 1 && fields[0] == "*") {
    fields = {"name", "owner", "creation", "modified", "modified_by", "docstatus", "idx"};
    for (const auto& field : doctype.fields) fields.push_back(field.name);
  }
  for (auto& field : fields) {
    field.erase(std::remove(field.begin(), field.end(), '`'), field.end());
    if (!is_column(doctype, field)) throw thrown(417, "DataError", "Field not permitted in query: " + field);
  }
  auto rows = select(site, doctype, conditions);
  sort_rows(site, doctype, query.order_by, rows);
  json::array result;
  for (std::size_t i = query.start; i < rows.size() && (query.limit == 0 || result.size() < query.limit); ++i) {
    json::object shown;
    for (const auto& field : fields) shown[field] = column(site, doctype, rows[i], field);
    result.push_back(std::move(shown));
  }
  return result;
}

std::size_t count(Site& site, const Doctype& doctype, const json::value& filters) {
  const auto conditions = read_conditions(filters);
  for (const auto& condition : conditions)
    if (condition.child.empty() && !is_column(doctype, condition.field))
      throw crash("OperationalError",
                  "pymysql.err.OperationalError: (1054, \"Unknown column '" + condition.field + "' in 'WHERE'\")");
  return select(site, doctype, conditions).size();
}

}  // namespace tenantry::sandbox::erpnext
