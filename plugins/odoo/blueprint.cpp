#include "blueprint.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>

namespace tenantry::odoo {

namespace {

namespace chrono = std::chrono;

std::string lower(std::string_view text) {
  std::string small(text);
  for (char& c : small)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return small;
}

std::string upper_letters(std::string_view text) {
  std::string big;
  for (const char c : text) {
    if (c >= 'a' && c <= 'z') big += static_cast<char>(c - 'a' + 'A');
    if ((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) big += c;
  }
  return big;
}

void replace_all(std::string& text, std::string_view what, const std::string& by) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
}

// Small letters, digits and dashes: good as the name of a database and as the first part of a host name.
std::string label(std::string_view text) {
  std::string all = lower(text);
  for (char& c : all)
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))) c = '-';
  return all;
}

Ending invalid(const std::string& message, std::string_view pointer) {
  return failed("odoo.invalid_input", message)
      .detail("class", "invalid_input")
      .next_action("Start again with corrected parameters.")
      .at(pointer);
}

std::optional<chrono::year_month_day> parse_date(const std::string& text) {
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  std::from_chars(text.data(), text.data() + 4, year);
  std::from_chars(text.data() + 5, text.data() + 7, month);
  std::from_chars(text.data() + 8, text.data() + 10, day);
  const chrono::year_month_day date{chrono::year(year), chrono::month(month), chrono::day(day)};
  if (!date.ok()) return std::nullopt;
  return date;
}

// The last day of a year that begins on `start`, as month and day: Odoo keeps no year with it.
std::pair<int, int> end_of_year_from(chrono::month month, chrono::day day) {
  // 2025 has no 29 February, so the last day of a year that begins on 1 March is 28 February every year.
  const chrono::sys_days last = chrono::sys_days(chrono::year(2026) / month / day) - chrono::days(1);
  const chrono::year_month_day date(last);
  return {static_cast<int>(static_cast<unsigned>(date.month())), static_cast<int>(static_cast<unsigned>(date.day()))};
}

std::vector<ItemWish> demo_items(const std::string& kind) {
  if (kind == "restaurant")
    return {{"CHAI", "Tea with milk", 60},
            {"MANDAZI", "Mandazi", 20},
            {"PILAU", "Pilau", 350},
            {"SAMOSA", "Samosa", 50},
            {"JUICE", "Passion fruit juice", 150}};
  if (kind == "services")
    return {{"HOUR", "Working hour", 2500},
            {"VISIT", "Visit on site", 1500},
            {"SETUP", "Set-up", 8000},
            {"SUPPORT", "Monthly support", 4000},
            {"TRAINING", "Training day", 12000}};
  return {{"MAIZE-2KG", "Maize flour 2 kg", 180},
          {"SUGAR-1KG", "Sugar 1 kg", 160},
          {"MILK-500ML", "Milk 500 ml", 60},
          {"SOAP-BAR", "Bar of soap", 120},
          {"BATTERY-AA", "Battery AA", 75}};
}

// What every kind of run needs: the server and how databases are made there.
Result<Blueprint> begin(const Tenant& tenant, const Server& server, const Settings& engine, std::string_view run_id,
                        const std::string& country, std::string_view country_pointer) {
  Blueprint plan;
  plan.country = find_country(country);
  if (!plan.country)
    return invalid(
        country.empty() ? "The tenant has no country." : "The country \"" + country + "\" is not one the engine knows.",
        country_pointer);
  if (server.url.empty()) return invalid("The server " + server.id + " has no URL.", "/server/url");
  plan.tenant_id = tenant.id;
  plan.run_id = run_id;
  const Settings settings = merged(engine, server.settings);
  plan.mode = settings.mode.value_or(Mode::new_database);
  plan.database = settings.database.value_or("{tenant}");
  replace_all(plan.database, "{tenant}", label(tenant.id));
  if (!is_database_name(plan.database))
    return invalid("\"" + plan.database + "\" is no name for a database.", "/server/settings/database");
  plan.templates = settings.templates.value_or(Templates::make);
  plan.template_pattern = settings.template_database.value_or("");
  plan.template_login = settings.template_login.value_or("tenantry-template");
  plan.admin_login = settings.admin_login.value_or("admin");
  plan.host = settings.host.value_or("");
  plan.management = settings.management.value_or(Management::automatic);
  plan.language = settings.language.value_or("en_US");
  plan.modules = settings.modules.value_or(std::vector<std::string>{"stock", "point_of_sale"});
  for (const char* needed : {"stock", "point_of_sale"})
    if (std::find(plan.modules.begin(), plan.modules.end(), needed) == plan.modules.end())
      plan.modules.emplace_back(needed);
  plan.create_time = chrono::seconds(settings.create_seconds.value_or(300));
  plan.install_time = chrono::seconds(settings.install_seconds.value_or(900));
  plan.key_days = settings.key_days.value_or(90);
  plan.verify_tls = settings.verify_tls.value_or(true);
  plan.ca_file = settings.ca_file.value_or("");
  return done(std::move(plan));
}

}  // namespace

std::string fingerprint(std::string_view text, std::size_t length) {
  std::uint64_t hash = 14695981039346656037ULL;
  constexpr std::string_view kDigits = "abcdefghijklmnopqrstuvwxyz234567";
  std::string digits;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  for (std::size_t i = 0; i < std::min<std::size_t>(length, 12); ++i) {
    digits += kDigits[hash % kDigits.size()];
    hash /= kDigits.size();
  }
  return digits;
}

std::string Blueprint::stage(std::int64_t number) const {
  return "tenantry-stage-" + fingerprint(tenant_id + "\n" + run_id, 12) + "-" + std::to_string(number);
}

std::string Blueprint::template_name(const std::string& server_version, int major) const {
  const std::string code = lower(country->code), version = std::to_string(major);
  if (!template_pattern.empty()) {
    std::string name = template_pattern;
    replace_all(name, "{country}", code);
    replace_all(name, "{version}", version);
    return name;
  }
  std::string inside = server_version + "\n" + language + "\n" + template_login;
  std::vector<std::string> sorted = modules;
  std::sort(sorted.begin(), sorted.end());
  for (const std::string& module : sorted) inside += "\n" + module;
  return "tenantry-template-" + version + "-" + code + "-" + fingerprint(inside);
}

bool is_database_name(std::string_view name) {
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyz0123456789_.-";
  if (name.size() < 2 || name.size() > 63 || name.find_first_not_of(kAllowed) != std::string_view::npos) return false;
  return name[0] != '_' && name[0] != '.' && name[0] != '-';
}

std::vector<Coded> with_codes(const std::vector<std::string>& names, const std::string& abbr) {
  std::vector<Coded> all;
  const auto taken = [&](const std::string& code) {
    return std::any_of(all.begin(), all.end(), [&](const Coded& one) { return one.code == code; });
  };
  for (const std::string& name : names) {
    std::string code;
    bool word_begins = true;
    for (const char c : name) {
      const std::string letter = upper_letters(std::string_view(&c, 1));
      if (!letter.empty() && word_begins) code += letter;
      word_begins = letter.empty() && c != '\'';
    }
    if (code.size() < 2) code = upper_letters(name).substr(0, 3);
    if (!abbr.empty()) code = upper_letters(abbr).substr(0, 3) + code;
    const std::string first = code.empty() ? "X" : code.substr(0, 5);
    code = first;
    for (int number = 2; taken(code); ++number) {
      const std::string digits = std::to_string(number);
      code = first.substr(0, 5 - digits.size()) + digits;
    }
    all.push_back({name, code});
  }
  return all;
}

Settings merged(const Settings& engine, const Settings& server) {
  Settings all = engine;
  const auto take = [](auto& to, const auto& from) {
    if (from) to = from;
  };
  take(all.database, server.database);
  take(all.mode, server.mode);
  take(all.templates, server.templates);
  take(all.template_database, server.template_database);
  take(all.template_login, server.template_login);
  take(all.admin_login, server.admin_login);
  take(all.host, server.host);
  take(all.management, server.management);
  take(all.language, server.language);
  take(all.modules, server.modules);
  take(all.create_seconds, server.create_seconds);
  take(all.install_seconds, server.install_seconds);
  take(all.key_days, server.key_days);
  take(all.verify_tls, server.verify_tls);
  take(all.ca_file, server.ca_file);
  return all;
}

Result<Blueprint> make_template_blueprint(const std::string& country, const Tenant& tenant, const Server& server,
                                          const Settings& engine, std::string_view run_id) {
  return begin(tenant, server, engine, run_id, country, "/request/country_template");
}

Result<Blueprint> make_blueprint(const Request& request, const Tenant& tenant, const Server& server,
                                 const Settings& engine, std::string_view run_id) {
  auto begun =
      begin(tenant, server, engine, run_id, request.country_template.value_or(tenant.country_code.value_or("")),
            request.country_template ? "/request/country_template" : "/tenant/country_code");
  if (!begun.has_value()) return begun;
  Blueprint& plan = begun.value();

  const CompanyWish company = request.company.value_or(CompanyWish{});
  plan.company = company.name.value_or(tenant.name.value_or(""));
  if (plan.company.empty()) return invalid("The company has no name.", "/request/company/name");
  const std::string abbr = company.abbr.value_or("");
  plan.currency_given = request.currency.has_value();
  plan.currency = request.currency.value_or(std::string(plan.country->currency));
  plan.chart = request.chart_of_accounts.value_or("");

  std::tie(plan.year_end_month, plan.year_end_day) =
      end_of_year_from(chrono::month(static_cast<unsigned>(plan.country->fiscal_year_month)), chrono::day(1));
  if (request.fiscal_year && request.fiscal_year->start) {
    const auto start = parse_date(*request.fiscal_year->start);
    if (!start) return invalid("The fiscal year's first day is no date.", "/request/fiscal_year/start");
    std::tie(plan.year_end_month, plan.year_end_day) = end_of_year_from(start->month(), start->day());
  }
  if (request.fiscal_year && request.fiscal_year->end) {
    const auto end = parse_date(*request.fiscal_year->end);
    if (!end) return invalid("The fiscal year's last day is no date.", "/request/fiscal_year/end");
    plan.year_end_month = static_cast<int>(static_cast<unsigned>(end->month()));
    plan.year_end_day = static_cast<int>(static_cast<unsigned>(end->day()));
  }

  plan.warehouses =
      with_codes(request.warehouses.empty() ? std::vector<std::string>{"Main Shop"} : request.warehouses, abbr);
  plan.payment_modes = request.payment_modes;
  if (plan.payment_modes.empty())
    for (const CountryMode& mode : plan.country->modes)
      plan.payment_modes.push_back({std::string(mode.name), std::string(mode.type), std::nullopt});
  plan.customer = request.customer.value_or("Walk-in Customer");
  plan.till = request.pos_profile.value_or("Main Till");
  std::vector<std::string> journals;
  for (const PaymentMode& mode : plan.payment_modes)
    journals.push_back(mode.account.value_or(plan.till + " " + mode.name));
  plan.journals = with_codes(journals, abbr);
  plan.items = request.items.empty() ? demo_items(lower(request.template_.value_or("retail"))) : request.items;

  plan.owner_email = tenant.admin_email.value_or("");
  plan.owner_name = tenant.admin_name.value_or("");
  if (plan.owner_name.empty()) plan.owner_name = "Owner";
  // PostgreSQL takes no NUL, and an output may hold none.
  for (std::string* word : {&plan.company, &plan.customer, &plan.till, &plan.owner_name, &plan.owner_email})
    *word = valid_utf8(*word);
  for (auto* list : {&plan.warehouses, &plan.journals})
    for (Coded& one : *list) one.name = valid_utf8(one.name);
  for (PaymentMode& mode : plan.payment_modes) mode.name = valid_utf8(mode.name);
  for (ItemWish& item : plan.items) {
    item.code = valid_utf8(item.code);
    if (item.name) item.name = valid_utf8(*item.name);
  }
  plan.owner_login = plan.owner_email.empty() ? "admin" : plan.owner_email;
  return begun;
}

Problems judge(const Request& request) {
  Problems problems;
  if (request.country_template && !find_country(*request.country_template)) {
    std::string known;
    for (const Country* c = begin_countries(); c != end_countries(); ++c)
      known += (known.empty() ? "" : ", ") + std::string(c->code);
    problems.push_back({"/country_template", "is not a country the engine knows: " + known});
  }
  if (request.fiscal_year) {
    const auto& year = *request.fiscal_year;
    const auto start = parse_date(year.start.value_or("")), end = parse_date(year.end.value_or(""));
    if (year.start && !start) problems.push_back({"/fiscal_year/start", "is not a date"});
    if (year.end && !end) problems.push_back({"/fiscal_year/end", "is not a date"});
    if (start && end && chrono::sys_days(*end) <= chrono::sys_days(*start))
      problems.push_back({"/fiscal_year/end", "is not after the first day"});
  }
  if (!request.items.empty() && !request.include_demo_data)
    problems.push_back({"/items", "are only made with include_demo_data"});
  const auto twice = [&](const auto& list, const auto& name_of, const std::string& where, const std::string& member) {
    for (std::size_t i = 0; i < list.size(); ++i)
      for (std::size_t j = 0; j < i; ++j)
        if (lower(name_of(list[i])) == lower(name_of(list[j]))) {
          problems.push_back({where + "/" + std::to_string(i) + member, "is named twice"});
          break;
        }
  };
  twice(
      request.warehouses, [](const std::string& w) { return w; }, "/warehouses", "");
  twice(
      request.payment_modes, [](const PaymentMode& m) { return m.name; }, "/payment_modes", "/name");
  twice(
      request.payment_modes, [](const PaymentMode& m) { return m.account.value_or(m.name); }, "/payment_modes",
      "/account");
  twice(
      request.items, [](const ItemWish& i) { return i.code; }, "/items", "/code");
  for (std::size_t i = 0; i < request.warehouses.size(); ++i)
    if (request.warehouses[i].empty()) problems.push_back({"/warehouses/" + std::to_string(i), "has no name"});
  return problems;
}

}  // namespace tenantry::odoo
