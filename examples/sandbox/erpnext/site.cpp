#include "sandbox/erpnext/site.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <functional>

#include "sandbox/erpnext/raised.hpp"

namespace tenantry::sandbox::erpnext {

namespace {

const json::value kNull;

// Hours and minutes east of Greenwich; daylight saving is left out.
int zone_minutes(const std::string& zone) {
  struct Zone {
    std::string_view name;
    int minutes;
  };
  static constexpr std::array<Zone, 9> kZones{{{"Asia/Kolkata", 330},
                                               {"Africa/Nairobi", 180},
                                               {"Africa/Kampala", 180},
                                               {"Africa/Dar_es_Salaam", 180},
                                               {"Africa/Lagos", 60},
                                               {"Europe/Berlin", 60},
                                               {"Europe/London", 0},
                                               {"America/New_York", -300},
                                               {"UTC", 0}}};
  for (const auto& entry : kZones)
    if (entry.name == zone) return entry.minutes;
  return 330;
}

std::string local_time(int minutes, const char* format) {
  const auto now = std::chrono::system_clock::now();
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch()).count();
  const std::time_t seconds = static_cast<std::time_t>(micros / 1000000 + minutes * 60LL);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 64> buffer{};
  const auto size = std::strftime(buffer.data(), buffer.size(), format, &parts);
  std::string result(buffer.data(), size);
  if (result.size() > 10) {
    std::array<char, 16> fraction{};
    std::snprintf(fraction.data(), fraction.size(), ".%06d", static_cast<int>(micros % 1000000));
    result += fraction.data();
  }
  return result;
}

json::object base_document(const std::string& name, const std::string& time) {
  return {{"name", name},     {"owner", "Administrator"},       {"creation", time},
          {"modified", time}, {"modified_by", "Administrator"}, {"docstatus", 0},
          {"idx", 0}};
}

// What every new site holds; made once and shared by all of them.
const std::unordered_map<std::string, Table>& base_tables() {
  static const std::unordered_map<std::string, Table> kTables = [] {
    std::unordered_map<std::string, Table> tables;
    const std::string time = "2026-01-01 00:00:00.000000";
    std::uint64_t order = 1;
    const auto add = [&](const std::string& doctype, const std::string& name, json::object fields) {
      json::object document = base_document(name, time);
      for (auto& member : fields) document[member.key()] = std::move(member.value());
      tables[doctype][name] = {std::make_shared<const json::object>(std::move(document)), order++};
    };
    for (const auto& country : presets().at("countries").as_object())
      add("Country", country.key(), {{"country_name", country.key()}, {"code", country.value()}});
    for (const auto& currency : presets().at("currencies").as_array()) {
      const std::string code(currency.as_string());
      add("Currency", code,
          {{"currency_name", code},
           {"enabled", code == "INR" || code == "USD" ? 1 : 0},
           {"fraction", "Cent"},
           {"symbol", code},
           {"number_format", "#,###.##"}});
    }
    for (const auto& role : presets().at("roles").as_array())
      add("Role", std::string(role.as_string()), {{"role_name", role}});
    for (const std::string user : {"Administrator", "Guest"})
      add("User", user,
          {{"email", user == "Guest" ? "guest@example.com" : "admin@example.com"},
           {"first_name", user},
           {"full_name", user},
           {"username", user == "Guest" ? "guest" : "administrator"},
           {"time_zone", "Asia/Kolkata"},
           {"user_type", "System User"}});
    return tables;
  }();
  return kTables;
}

}  // namespace

const json::value& field_of(const Doctype& doctype, const json::object& document, std::string_view field) {
  if (const auto* value = document.if_contains(field)) return *value;
  const auto* known = doctype.field(field);
  return known ? known->fallback : kNull;
}

std::string as_text(const json::value& value) {
  if (value.is_string()) return std::string(value.get_string());
  if (value.is_null()) return {};
  return to_text(value);
}

double as_number(const json::value& value) {
  if (value.is_number()) return value.to_number<double>();
  if (value.is_string()) return std::strtod(value.get_string().c_str(), nullptr);
  return value.is_bool() && value.get_bool() ? 1 : 0;
}

bool as_bool(const json::value& value) { return as_number(value) != 0; }

Site::Site(std::string site_name, Stage initial, std::string admin_password)
    : name(std::move(site_name)), stage(initial), tables_(base_tables()), next_order_(100000) {
  passwords["Administrator"] = std::move(admin_password);
}

const Table& Site::table(const std::string& doctype) const {
  static const Table kEmpty;
  const auto found = tables_.find(doctype);
  return found == tables_.end() ? kEmpty : found->second;
}

const json::object* Site::find(const std::string& doctype, std::string_view document_name) const {
  const Table& rows = table(doctype);
  const auto found = rows.find(document_name);
  return found == rows.end() ? nullptr : found->second.document.get();
}

bool Site::exists(const std::string& doctype, std::string_view document_name) const {
  return find(doctype, document_name) != nullptr;
}

const json::value& Site::get(const std::string& doctype, std::string_view document_name, std::string_view field) const {
  const auto* document = find(doctype, document_name);
  const auto* known = schema().find(doctype);
  return document && known ? field_of(*known, *document, field) : kNull;
}

std::string Site::text(const std::string& doctype, std::string_view document_name, std::string_view field) const {
  return as_text(get(doctype, document_name, field));
}

std::string Site::single(const std::string& doctype, std::string_view field) const {
  const auto* document = find(doctype, doctype);
  if (document) return as_text(field_of(*schema().find(doctype), *document, field));
  const auto* known = schema().find(doctype)->field(field);
  return known ? as_text(known->fallback) : std::string{};
}

std::pair<std::int64_t, std::int64_t> Site::bounds(const std::string& doctype, std::string_view document_name) {
  Bounds& cached = bounds_[doctype];
  if (!cached.valid) {
    cached.by_name.clear();
    const auto& known = *schema().find(doctype);
    std::map<std::string, std::vector<std::string>> children;
    for (const auto& [key, row] : table(doctype))
      children[as_text(field_of(known, *row.document, known.tree_parent))].push_back(key);
    std::int64_t next = 1;
    const std::function<void(const std::string&)> walk = [&](const std::string& parent) {
      for (const auto& child : children[parent]) {
        const std::int64_t left = next++;
        walk(child);
        cached.by_name[child] = {left, next++};
      }
    };
    walk("");
    cached.valid = true;
  }
  const auto found = cached.by_name.find(std::string(document_name));
  return found == cached.by_name.end() ? std::pair<std::int64_t, std::int64_t>{0, 0} : found->second;
}

bool Site::has_app(std::string_view app) const {
  return app == "frappe" ? stage >= Stage::kFrappe : app == "erpnext" && stage == Stage::kReady;
}

std::string Site::now() const {
  return local_time(zone_minutes(single("System Settings", "time_zone")), "%Y-%m-%d %H:%M:%S");
}

std::string Site::today() const { return local_time(zone_minutes(single("System Settings", "time_zone")), "%Y-%m-%d"); }

json::object Site::to_json() const {
  json::object tables;
  for (const auto& [doctype, rows] : tables_) {
    const auto base = base_tables().find(doctype);
    json::array documents;
    for (const auto& [key, row] : rows) {
      const bool is_base =
          base != base_tables().end() && base->second.contains(key) && base->second.at(key).document == row.document;
      if (!is_base) documents.push_back(*row.document);
    }
    if (!documents.empty()) tables[doctype] = std::move(documents);
  }
  json::object key_pairs;
  for (const auto& [user, pair] : keys) key_pairs[user] = {pair.key, pair.secret};
  json::object secrets;
  for (const auto& [user, password] : passwords) secrets[user] = password;
  json::object counters;
  for (const auto& [prefix, value] : series_) counters[prefix] = value;
  return {{"stage", static_cast<int>(stage)},
          {"config", config},
          {"keys", key_pairs},
          {"passwords", secrets},
          {"series", counters},
          {"tables", tables}};
}

void Site::restore(const json::object& state) {
  stage = static_cast<Stage>(state.at("stage").as_int64());
  config = state.at("config").as_object();
  for (const auto& entry : state.at("keys").as_object())
    keys[entry.key()] = {as_text(entry.value().at(0)), as_text(entry.value().at(1))};
  for (const auto& entry : state.at("passwords").as_object()) passwords[entry.key()] = as_text(entry.value());
  for (const auto& entry : state.at("series").as_object()) series_[entry.key()] = entry.value().as_int64();
  for (const auto& rows : state.at("tables").as_object())
    for (const auto& document : rows.value().as_array())
      tables_[rows.key()][as_text(document.at("name"))] = {std::make_shared<const json::object>(document.as_object()),
                                                           next_order_++};
}

json::object Site::counts() const {
  json::object result;
  std::map<std::string, std::size_t> sorted;
  for (const auto& [doctype, rows] : tables_)
    if (!rows.empty()) sorted[doctype] = rows.size();
  for (const auto& [doctype, count] : sorted) result[doctype] = count;
  return result;
}

json::array Site::duplicates() const {
  json::array result;
  for (const auto& [doctype, rows] : tables_) {
    const auto* known = schema().find(doctype);
    // Two open sessions of one user at one till are the same thing made twice; other documents have an identity.
    const bool opening = doctype == "POS Opening Entry";
    if (!known || (known->identity.empty() && !opening)) continue;
    std::map<std::string, json::array> groups;
    for (const auto& [key, row] : rows) {
      std::string identity;
      if (opening) {
        const std::string status = as_text(field_of(*known, *row.document, "status"));
        if (status != "Open" && status != "Draft") continue;
        identity = as_text(field_of(*known, *row.document, "pos_profile")) + "|" +
                   as_text(field_of(*known, *row.document, "user"));
      }
      for (const auto& field : known->identity) identity += as_text(field_of(*known, *row.document, field)) + "|";
      groups[identity].emplace_back(key);
    }
    for (auto& [identity, names] : groups)
      if (names.size() > 1)
        result.push_back({{"doctype", doctype}, {"identity", identity}, {"names", std::move(names)}});
  }
  return result;
}

Transaction::Transaction(Site& site, std::string user, std::string method)
    : site_(site),
      user_(std::move(user)),
      method_(std::move(method)),
      time_(site.now()),
      messages_(std::make_unique<std::vector<Message>>()) {}

Transaction::~Transaction() {
  if (committed_) return;
  for (auto undo = undo_.rbegin(); undo != undo_.rend(); ++undo) {
    if (undo->before)
      site_.tables_[undo->doctype][undo->name] = *undo->before;
    else
      site_.tables_[undo->doctype].erase(undo->name);
    site_.bounds_[undo->doctype].valid = false;
  }
  for (const auto& [prefix, value] : series_before_) site_.series_[prefix] = value;
}

void Transaction::put(const std::string& doctype, const std::string& name, json::object document) {
  put_shared(doctype, name, std::make_shared<const json::object>(std::move(document)));
}

void Transaction::put_shared(const std::string& doctype, const std::string& name, Document document) {
  Table& rows = site_.tables_[doctype];
  const auto found = rows.find(name);
  undo_.push_back({doctype, name, found == rows.end() ? std::nullopt : std::optional(found->second)});
  if (found == rows.end())
    rows.emplace(name, Row{std::move(document), site_.next_order_++});
  else
    found->second.document = std::move(document);
  site_.bounds_[doctype].valid = false;
}

void Transaction::erase(const std::string& doctype, const std::string& name) {
  Table& rows = site_.tables_[doctype];
  const auto found = rows.find(name);
  if (found == rows.end()) return;
  undo_.push_back({doctype, name, found->second});
  rows.erase(found);
  site_.bounds_[doctype].valid = false;
}

std::string Transaction::next_in_series(const std::string& pattern) {
  std::string prefix;
  std::size_t digits = 5;
  std::size_t begin = 0;
  while (begin <= pattern.size()) {
    const auto end = std::min(pattern.find('.', begin), pattern.size());
    const std::string part = pattern.substr(begin, end - begin);
    begin = end + 1;
    if (part == "YYYY")
      prefix += site_.today().substr(0, 4);
    else if (part.starts_with("#"))
      digits = part.size();
    else
      prefix += part;
  }
  auto& counter = site_.series_[prefix];
  series_before_.try_emplace(prefix, counter);
  std::string number = std::to_string(++counter);
  if (number.size() < digits) number.insert(0, digits - number.size(), '0');
  return prefix + number;
}

void Transaction::give_back(const std::string& name) {
  for (auto& [prefix, counter] : site_.series_) {
    if (!name.starts_with(prefix) || counter == 0) continue;
    if (std::strtoll(name.c_str() + prefix.size(), nullptr, 10) != counter) continue;
    series_before_.try_emplace(prefix, counter);
    --counter;
  }
}

void Transaction::note(const std::string& doctype, const std::string& name, const std::string& what, bool main) {
  if (main) {
    effects_.push_back({site_.name, method_, doctype, name, what, {}});
    return;
  }
  auto& count = made_along_[doctype];
  count = (count.is_int64() ? count.get_int64() : 0) + 1;
}

void Transaction::commit(Journal& journal) {
  committed_ = true;
  if (!effects_.empty()) effects_.front().with = std::move(made_along_);
  for (auto& effect : effects_) journal.append(std::move(effect));
}

}  // namespace tenantry::sandbox::erpnext
