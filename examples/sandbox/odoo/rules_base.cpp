#include <algorithm>

#include "sandbox/odoo/rules.hpp"

namespace tenantry::sandbox::odoo {

namespace {

constexpr Id kEveryday = 1;  // group "Internal User"

std::string zone_of(const std::string& country) {
  static const std::map<std::string, std::string> kZones{
      {"KE", "Africa/Nairobi"}, {"UG", "Africa/Kampala"}, {"TZ", "Africa/Dar_es_Salaam"}, {"RW", "Africa/Kigali"},
      {"NG", "Africa/Lagos"},   {"GH", "Africa/Accra"},   {"ZA", "Africa/Johannesburg"},  {"ET", "Africa/Addis_Ababa"},
      {"IN", "Asia/Kolkata"},   {"GB", "Europe/London"},  {"FR", "Europe/Paris"}};
  const auto found = kZones.find(country);
  return found == kZones.end() ? "" : found->second;
}

void add_users(std::map<std::string, Rules>& rules) {
  Rules& users = rules["res.users"];
  users.before_create = [](Env& env, json::object& values) {
    if (!truthy(member(values, "company_id"))) values["company_id"] = env.company();
    if (!truthy(member(values, "company_ids")))
      values["company_ids"] = json::array{json::array{6, 0, json::array{values.at("company_id")}}};
    if (!values.contains(groups_field(env)))
      values[groups_field(env)] = json::array{json::array{6, 0, json::array{kEveryday}}};
  };
  users.before_unlink = [](Env&, const std::vector<Id>& ids) {
    for (const Id id : ids)
      if (id <= 2)
        throw user_error(
            "You cannot delete the admin user because it is utilized in various places (such as security "
            "configurations,...). Instead, archive it.");
  };
  users.name = [](Env& env, Id id) -> std::optional<std::string> {
    return text_of(
        env.database().get("res.partner", int_of(env.database().get("res.users", id, "partner_id")), "name"));
  };
  users.compute = [](Env& env, Id, const std::string& field) -> std::optional<json::value> {
    if (field == "companies_count") return env.database().table("res.company").size();
    return std::nullopt;
  };
}

void add_partners(std::map<std::string, Rules>& rules) {
  Rules& partners = rules["res.partner"];
  const auto kind = [](json::object& values) {
    if (const auto* type = values.if_contains("company_type")) values["is_company"] = *type == "company";
  };
  partners.before_create = [kind](Env&, json::object& values) { kind(values); };
  partners.before_write = [kind](Env& env, const std::vector<Id>& ids, json::object& values) {
    kind(values);
    Id above = int_of(member(values, "parent_id"));
    for (int depth = 0; above != 0 && depth < 100; ++depth) {
      if (std::find(ids.begin(), ids.end(), above) != ids.end())
        throw validation("You cannot create recursive Partner hierarchies.");
      above = int_of(env.database().get("res.partner", above, "parent_id"));
    }
  };
  partners.compute = [](Env& env, Id id, const std::string& field) -> std::optional<json::value> {
    const auto& database = env.database();
    if (field == "company_type") return database.get("res.partner", id, "is_company") == true ? "company" : "person";
    if (field == "complete_name") return database.get("res.partner", id, "name");
    if (field == "commercial_partner_id") return json::value(id);
    if (field == "country_code")
      return database.get("res.country", int_of(database.get("res.partner", id, "country_id")), "code");
    return std::nullopt;
  };
}

void add_companies(std::map<std::string, Rules>& rules) {
  Rules& companies = rules["res.company"];
  companies.before_create = [](Env& env, json::object& values) {
    if (!truthy(member(values, "currency_id")))
      values["currency_id"] = env.database().get("res.company", env.company(), "currency_id");
    if (env.database().installed("account") && truthy(member(values, "country_id")))
      values.emplace("account_fiscal_country_id", json::value(values.at("country_id")));
  };
  companies.after_create = [](Env& env, Id id) {
    const auto& name = env.database().get("res.company", id, "name");
    env.sudo = true;
    const Id partner = create(env, "res.partner", {{"name", name}, {"is_company", true}});
    env.sudo = false;
    store(env, "res.company", id, {{"partner_id", partner}});
    const json::array allowed = [&] {
      auto all = ids_of(env.database().get("res.users", env.user, "company_ids"));
      all.push_back(id);
      return to_array(all);
    }();
    store(env, "res.users", env.user, {{"company_ids", allowed}});
  };
  companies.after_write = [](Env& env, const std::vector<Id>& ids, const json::object& values) {
    for (const Id id : ids) {
      const Id partner = int_of(env.database().get("res.company", id, "partner_id"));
      json::object same_there;
      for (const char* field : {"name", "street", "city", "zip", "country_id", "email", "phone", "vat"})
        if (const auto* value = values.if_contains(field)) same_there[field] = truthy(*value) ? *value : nullptr;
      if (!same_there.empty() && partner != 0) store(env, "res.partner", partner, same_there);
      const bool fiscal = env.database().installed("account") && values.contains("country_id");
      if (fiscal && !truthy(env.database().get("res.company", id, "account_fiscal_country_id")))
        store(env, "res.company", id, {{"account_fiscal_country_id", values.at("country_id")}});
    }
  };
  companies.compute = [](Env& env, Id id, const std::string& field) -> std::optional<json::value> {
    const auto& database = env.database();
    if (field == "country_code")
      return database.get("res.country", int_of(database.get("res.company", id, "country_id")), "code");
    return std::nullopt;
  };
}

Id put(Env& env, const std::string& model, Id id, json::object values) {
  env.transaction.skip_ids(model, id);
  values["create_uid"] = 1;
  values["create_date"] = utc_now();
  values["write_uid"] = 1;
  values["write_date"] = utc_now();
  env.transaction.put(model, id, std::move(values));
  return id;
}

void fill_reference(Env& env) {
  const auto& known = env.schema();
  for (const auto& currency : known.currencies) {
    put(env, "res.currency", currency.id,
        {{"name", currency.code},
         {"symbol", currency.symbol},
         {"position", currency.position},
         {"rounding", 0.01},
         {"decimal_places", 2},
         {"rate", 1.0},
         {"active", currency.code == "USD"}});
    name_record(env, "res.currency", currency.id, "base." + currency.code);
  }
  for (const auto& country : known.countries) {
    put(env, "res.country", country.id, {{"name", country.name}, {"code", country.code}});
    if (const Id currency = known.currency(country.currency); currency != 0)
      store(env, "res.country", country.id, {{"currency_id", currency}});
    std::string lower = country.code;
    for (char& c : lower) c = static_cast<char>(c | 0x20);
    name_record(env, "res.country", country.id, "base." + lower);
  }
  for (const auto& module : known.modules) {
    const bool installed =
        std::find(known.installed.begin(), known.installed.end(), module.name) != known.installed.end();
    static const std::map<std::string, int> kFirst{{"account", 1}, {"stock", 2}, {"point_of_sale", 3}};
    const auto first = kFirst.find(module.name);
    put(env, "ir.module.module", module.id,
        {{"name", module.name},
         {"shortdesc", module.name},
         {"state", installed ? "installed" : "uninstalled"},
         {"application", first != kFirst.end()},
         {"sequence", first != kFirst.end() ? first->second : 100}});
    if (installed)
      store(env, "ir.module.module", module.id, {{"latest_version", std::to_string(known.version) + ".0.1.0"}});
    name_record(env, "ir.module.module", module.id, "base.module_" + module.name);
  }
  put(env, "res.lang", 1,
      {{"name", "English (US)"}, {"code", "en_US"}, {"iso_code", "en"}, {"url_code", "en"}, {"active", true}});
  name_record(env, "res.lang", 1, "base.lang_en");
}

void fill_people(Env& env) {
  const struct {
    Id id;
    const char* name;
    const char* external;
    bool active;
  } kPartners[]{{1, "My Company", "base.main_partner", true},
                {2, "OdooBot", "base.partner_root", false},
                {3, "Administrator", "base.partner_admin", true},
                {4, "Public user", "base.public_partner", false},
                {5, "Portal User Template", "base.template_portal_user_id_res_partner", false}};
  for (const auto& partner : kPartners) {
    put(env, "res.partner", partner.id,
        {{"name", partner.name}, {"active", partner.active}, {"type", "contact"}, {"is_company", partner.id == 1}});
    name_record(env, "res.partner", partner.id, partner.external);
  }
  const struct {
    Id id;
    const char* name;
    const char* external;
  } kGroups[]{{1, "User types / Internal User", "base.group_user"},
              {2, "Access Rights", "base.group_erp_manager"},
              {3, "Settings", "base.group_system"},
              {4, "Multi Companies", "base.group_multi_company"},
              {5, "Multi Currencies", "base.group_multi_currency"},
              {6, "Technical Features", "base.group_no_one"},
              {7, "Portal", "base.group_portal"},
              {8, "Public", "base.group_public"}};
  for (const auto& group : kGroups) {
    put(env, "res.groups", group.id, {{"name", group.name}});
    name_record(env, "res.groups", group.id, group.external);
  }
  const struct {
    Id id;
    Id partner;
    const char* login;
    const char* external;
    bool active;
  } kUsers[]{{1, 2, "__system__", "base.user_root", false},
             {2, 3, "admin", "base.user_admin", true},
             {3, 5, "default", "base.default_user", false},
             {4, 4, "public", "base.public_user", false},
             {5, 5, "portaltemplate", "base.template_portal_user_id", false}};
  for (const auto& user : kUsers) {
    put(env, "res.users", user.id,
        {{"login", user.login},
         {"partner_id", user.partner},
         {"active", user.active},
         {"company_id", 1},
         {"company_ids", json::array{1}},
         {groups_field(env), user.id <= 2 ? json::array{1, 2, 3, 6} : json::array{1}}});
    name_record(env, "res.users", user.id, user.external);
  }
  env.transaction.set_password(2, "admin");
}

}  // namespace

const char* groups_field(const Env& env) { return env.version() < 19 ? "groups_id" : "group_ids"; }

bool has_group(const Env& env, Id user, Id group) {
  const auto groups = ids_of(env.database().get("res.users", user, groups_field(env)));
  return std::find(groups.begin(), groups.end(), group) != groups.end();
}

void set_group(Env& env, Id group, bool on) {
  const Table users = env.database().table("res.users");
  for (const auto& [id, record] : users) {
    auto groups = ids_of(member(*record, groups_field(env)));
    const bool has = std::find(groups.begin(), groups.end(), group) != groups.end();
    if (has == on) continue;
    if (on)
      groups.push_back(group);
    else
      std::erase(groups, group);
    store(env, "res.users", id, {{groups_field(env), to_array(groups)}});
  }
}

void add_groups(Env& env, const std::vector<std::pair<const char*, const char*>>& groups) {
  for (const auto& [name, external] : groups) {
    const Id id = env.transaction.next_id("res.groups");
    env.transaction.put("res.groups", id, {{"name", name}});
    name_record(env, "res.groups", id, external);
  }
}

void add_base_rules(std::map<std::string, Rules>& rules) {
  add_users(rules);
  add_partners(rules);
  add_companies(rules);
  rules["ir.model.data"].compute = [](Env& env, Id id, const std::string& field) -> std::optional<json::value> {
    const auto& database = env.database();
    if (field == "complete_name")
      return json::value(text_of(database.get("ir.model.data", id, "module")) + "." +
                         text_of(database.get("ir.model.data", id, "name")));
    return std::nullopt;
  };
  // A new set of settings begins with what holds.
  rules["res.config.settings"].before_create = [](Env& env, json::object& values) {
    for (const auto& [name, field] : env.schema().find("res.config.settings")->fields)
      if (name.starts_with("group_") && !values.contains(name))
        if (const Id group = record_of(env, "res.groups", "base." + name); group != 0)
          values[name] = has_group(env, env.user, group);
  };
  rules["res.users.apikeys"].before_unlink = [](Env& env, const std::vector<Id>& ids) {
    for (const Id id : ids) env.transaction.set_key(id, "");
  };
}

void fill_new_database(Env& env) {
  const Transaction::Quietly quietly(env.transaction);
  fill_reference(env);
  fill_people(env);
  put(env, "res.company", 1,
      {{"name", "My Company"},
       {"partner_id", 1},
       {"currency_id", env.schema().currency("USD")},
       {"active", true},
       {"sequence", 0}});
  name_record(env, "res.company", 1, "base.main_company");
  const std::pair<const char*, std::string> kParameters[]{{"database.secret", random_uuid()},
                                                          {"database.uuid", env.database().uuid},
                                                          {"database.create_date", utc_now()},
                                                          {"web.base.url", "http://127.0.0.1"}};
  Id id = 0;
  for (const auto& [key, value] : kParameters) put(env, "ir.config_parameter", ++id, {{"key", key}, {"value", value}});
}

void hand_over(Env& env, const FirstUser& user) {
  const Transaction::Quietly quietly(env.transaction);
  if (!user.country.empty()) {
    const auto* country = env.schema().country(user.country);
    if (!country) throw python("IndexError", "tuple index out of range");
    const Id currency = env.schema().currency(country->currency);
    store(env, "res.company", 1, {{"country_id", country->id}});
    store(env, "res.partner", 1, {{"country_id", country->id}});
    if (currency != 0) {
      store(env, "res.company", 1, {{"currency_id", currency}});
      store(env, "res.currency", currency, {{"active", true}});
    }
    if (const std::string zone = zone_of(country->code); !zone.empty()) store(env, "res.partner", 3, {{"tz", zone}});
  }
  if (!user.phone.empty()) store(env, "res.company", 1, {{"phone", user.phone}});
  if (user.login.find('@') != std::string::npos) {
    store(env, "res.company", 1, {{"email", user.login}});
    store(env, "res.partner", 3, {{"email", user.login}});
  }
  store(env, "res.partner", 3, {{"lang", user.language}});
  store(env, "res.users", 2, {{"login", user.login}});
  env.transaction.set_password(2, user.password);
}

const Rules& rules_of(const std::string& model) {
  static const auto kRules = [] {
    std::map<std::string, Rules> rules;
    add_base_rules(rules);
    add_account_rules(rules);
    add_product_rules(rules);
    add_stock_rules(rules);
    add_pos_rules(rules);
    return rules;
  }();
  static const Rules kNone;
  const auto found = kRules.find(model);
  return found == kRules.end() ? kNone : found->second;
}

}  // namespace tenantry::sandbox::odoo
