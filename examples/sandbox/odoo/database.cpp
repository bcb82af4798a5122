#include "sandbox/odoo/database.hpp"

#include <algorithm>
#include <random>
#include <utility>

namespace tenantry::sandbox::odoo {

std::string random_hex(std::size_t digits) {
  static constexpr char kDigits[] = "0123456789abcdef";
  static std::mutex mutex;
  static std::mt19937_64 random{std::random_device{}()};
  const std::lock_guard lock(mutex);
  std::string text;
  for (std::size_t i = 0; i < digits; ++i) text += kDigits[random() % 16];
  return text;
}

std::string random_uuid() {
  return random_hex(8) + "-" + random_hex(4) + "-11f1-" + random_hex(4) + "-" + random_hex(12);
}

Database::Database(std::string its_name, Stage its_stage, const Schema& its_schema)
    : stage(its_stage), name(std::move(its_name)), schema(its_schema), uuid(random_uuid()) {}

const Table& Database::table(std::string_view model) const {
  static const Table kEmpty;
  const auto found = tables_.find(model);
  return found == tables_.end() ? kEmpty : found->second;
}

const json::object* Database::find(std::string_view model, Id id) const {
  const auto& rows = table(model);
  const auto found = rows.find(id);
  return found == rows.end() ? nullptr : found->second.get();
}

const json::value& Database::get(std::string_view model, Id id, std::string_view field) const {
  static const json::value kNull;
  const auto* record = find(model, id);
  const auto* value = record ? record->if_contains(field) : nullptr;
  return value ? *value : kNull;
}

bool Database::installed(const std::string& module) const {
  if (module == "base") return true;
  for (const auto& [id, record] : table("ir.module.module"))
    if (text_of(record->at("name")) == module) return text_of(record->at("state")) == "installed";
  return false;
}

bool Database::accepts(Id user, const std::string& password) const {
  const auto* record = find("res.users", user);
  if (!record || member(*record, "active") == false) return false;
  const auto found = passwords.find(user);
  if (found != passwords.end() && found->second == password && !password.empty()) return true;
  return user_of_key(password) == user;
}

std::optional<Id> Database::sign_in(const std::string& login, const std::string& password) const {
  for (const auto& [id, record] : table("res.users"))
    if (text_of(member(*record, "login")) == login) {
      if (!accepts(id, password)) return std::nullopt;
      return id;
    }
  return std::nullopt;
}

std::optional<Id> Database::user_of_key(const std::string& key) const {
  for (const auto& [id, secret] : keys)
    if (secret == key && !key.empty()) return int_of(get("res.users.apikeys", id, "user_id"));
  return std::nullopt;
}

void Database::copy_from(const Database& source) {
  tables_ = source.tables_;
  last_id_ = source.last_id_;
  sequences_ = source.sequences_;
  passwords = source.passwords;
  keys = source.keys;
  for (auto& [id, record] : tables_["ir.config_parameter"]) {
    if (text_of(record->at("key")) != "database.uuid") continue;
    json::object changed = *record;
    changed["value"] = uuid;
    record = std::make_shared<const json::object>(std::move(changed));
  }
}

json::object Database::counts() const {
  json::object result;
  for (const auto& [model, rows] : tables_)
    if (!rows.empty()) result[model] = rows.size();
  return result;
}

json::array Database::duplicates() const {
  json::array result;
  for (const auto& [name_of_model, rows] : tables_) {
    const auto* model = schema.find(name_of_model);
    // Two open sessions of one till are the same thing made twice; other records have an identity.
    const bool session = name_of_model == "pos.session";
    if (!model || (model->identity.empty() && !session)) continue;
    std::map<std::string, json::array> groups;
    for (const auto& [id, record] : rows) {
      if (member(*record, "active") == false) continue;
      std::string identity;
      if (session) {
        if (text_of(member(*record, "state")) == "closed") continue;
        identity = json::serialize(member(*record, "config_id"));
      }
      bool known = session;
      for (const auto& field : model->identity) {
        const auto& value = member(*record, field);
        known = known || (truthy(value) && field != "company_id");
        identity += json::serialize(value) + "|";
      }
      // Without a name of its own a record is like no other.
      if (known) groups[identity].emplace_back(id);
    }
    for (auto& [identity, ids] : groups)
      if (ids.size() > 1)
        result.push_back({{"doctype", name_of_model}, {"identity", identity}, {"names", std::move(ids)}});
  }
  return result;
}

json::object Database::to_json() const {
  json::object tables;
  for (const auto& [model, rows] : tables_) {
    json::object records;
    for (const auto& [id, record] : rows) records[std::to_string(id)] = *record;
    tables[model] = std::move(records);
  }
  const auto numbers = [](const auto& map) {
    json::object result;
    for (const auto& [key, value] : map) result[key] = value;
    return result;
  };
  const auto secrets = [](const std::map<Id, std::string>& map) {
    json::object result;
    for (const auto& [id, secret] : map) result[std::to_string(id)] = secret;
    return result;
  };
  return {{"stage", static_cast<int>(stage.load())},
          {"uuid", uuid},
          {"tables", std::move(tables)},
          {"last_id", numbers(last_id_)},
          {"sequences", numbers(sequences_)},
          {"passwords", secrets(passwords)},
          {"keys", secrets(keys)}};
}

void Database::restore(const json::object& state) {
  // What was being made when the server ended is half made.
  stage = int_of(state.at("stage")) == static_cast<int>(Stage::kReady) ? Stage::kReady : Stage::kHalfMade;
  uuid = text_of(state.at("uuid"));
  for (const auto& entry : state.at("tables").as_object())
    for (const auto& row : entry.value().as_object())
      tables_[entry.key()][std::stoll(row.key())] = std::make_shared<const json::object>(row.value().as_object());
  for (const auto& entry : state.at("last_id").as_object()) last_id_[entry.key()] = int_of(entry.value());
  for (const auto& entry : state.at("sequences").as_object()) sequences_[entry.key()] = int_of(entry.value());
  for (const auto& entry : state.at("passwords").as_object())
    passwords[std::stoll(entry.key())] = text_of(entry.value());
  for (const auto& entry : state.at("keys").as_object()) keys[std::stoll(entry.key())] = text_of(entry.value());
}

Transaction::Transaction(Database& database, std::string method) : database_(database), method_(std::move(method)) {
  passwords_before_ = database.passwords;
  keys_before_ = database.keys;
}

Transaction::~Transaction() {
  if (committed_) return;
  for (auto undo = undo_.rbegin(); undo != undo_.rend(); ++undo) {
    auto& rows = database_.tables_[undo->model];
    if (undo->before)
      rows[undo->id] = undo->before;
    else
      rows.erase(undo->id);
  }
  database_.passwords = passwords_before_;
  database_.keys = keys_before_;
}

Id Transaction::next_id(const std::string& model) { return ++database_.last_id_[model]; }

void Transaction::skip_ids(const std::string& model, Id last) {
  auto& current = database_.last_id_[model];
  current = std::max(current, last);
}

std::int64_t Transaction::next_in_sequence(const std::string& name) { return ++database_.sequences_[name]; }

void Transaction::put(const std::string& model, Id id, json::object record) {
  auto& row = database_.tables_[model][id];
  undo_.push_back({model, id, row});
  row = std::make_shared<const json::object>(std::move(record));
}

void Transaction::erase(const std::string& model, Id id) {
  auto& rows = database_.tables_[model];
  const auto found = rows.find(id);
  if (found == rows.end()) return;
  undo_.push_back({model, id, found->second});
  rows.erase(found);
}

void Transaction::set_password(Id user, const std::string& password) { database_.passwords[user] = password; }
void Transaction::set_key(Id key, const std::string& secret) {
  if (secret.empty())
    database_.keys.erase(key);
  else
    database_.keys[key] = secret;
}

void Transaction::note(const std::string& model, Id id, const std::string& what) {
  if (quiet_ > 0) {
    if (what != "created") return;
    auto& count = made_along_[model];
    count = int_of(count) + 1;
    return;
  }
  effects_.push_back({database_.name, method_, model, std::to_string(id), what, {}});
}

void Transaction::note(const std::string& what) {
  effects_.push_back({database_.name, method_, "database", database_.name, what, {}});
}

void Transaction::commit(Journal& journal) {
  committed_ = true;
  if (!effects_.empty()) effects_.front().with = std::move(made_along_);
  for (auto& effect : effects_) journal.append(std::move(effect));
}

}  // namespace tenantry::sandbox::odoo
