#include "blueprint.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdio>

namespace tenantry::erpnext {

namespace {

namespace chrono = std::chrono;

std::string date_text(chrono::year_month_day day) {
  char text[16];
  std::snprintf(text, sizeof text, "%04d-%02u-%02u", static_cast<int>(day.year()), static_cast<unsigned>(day.month()),
                static_cast<unsigned>(day.day()));
  return text;
}

std::optional<chrono::year_month_day> parse_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto number = [&](std::size_t at, std::size_t length) {
    int value = -1;
    const auto end = text.data() + at + length;
    const auto [stop, failure] = std::from_chars(text.data() + at, end, value);
    return failure == std::errc() && stop == end ? value : -1;
  };
  const int year = number(0, 4), month = number(5, 2), day = number(8, 2);
  if (year < 0 || month < 0 || day < 0) return std::nullopt;
  const chrono::year_month_day date(chrono::year{year}, chrono::month{static_cast<unsigned>(month)},
                                    chrono::day{static_cast<unsigned>(day)});
  return date.ok() ? std::optional(date) : std::nullopt;
}

FiscalYear fiscal_year_between(chrono::year_month_day start, chrono::year_month_day end) {
  const std::string first = date_text(start), last = date_text(end);
  const std::string name =
      first.substr(0, 4) == last.substr(0, 4) ? first.substr(0, 4) : first.substr(0, 4) + "-" + last.substr(0, 4);
  return {name, first, last};
}

chrono::year_month_day a_year_later(chrono::year_month_day start) {
  chrono::year_month_day next = start + chrono::years(1);
  if (!next.ok()) next = next.year() / chrono::February / chrono::last;
  return chrono::sys_days(next) - chrono::days(1);
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

void replace_all(std::string& text, std::string_view what, const std::string& by) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
}

std::vector<ItemWish> demo_items(const std::string& kind) {
  if (kind == "restaurant")
    return {{"DEMO-TEA", "Cup of tea", 2}, {"DEMO-COFFEE", "Cup of coffee", 3}, {"DEMO-LUNCH", "Lunch of the day", 9}};
  if (kind == "services")
    return {{"DEMO-HOUR", "Hour of work", 40}, {"DEMO-VISIT", "Visit", 25}, {"DEMO-DAY", "Day of work", 300}};
  return {{"DEMO-COFFEE", "Coffee 250g", 450},
          {"DEMO-TEA", "Tea 100g", 200},
          {"DEMO-SUGAR", "Sugar 1kg", 180},
          {"DEMO-MILK", "Milk 500ml", 60},
          {"DEMO-BREAD", "Bread 400g", 65}};
}

Ending invalid(const std::string& message, const std::string& pointer) {
  return failed("erpnext.invalid_input", message)
      .detail("class", "invalid_input")
      .at(pointer)
      .next_action("Start again with corrected parameters.");
}

}  // namespace

Settings merged(const Settings& engine, const Settings& server) {
  Settings all = engine;
  const auto over = [](auto& mine, const auto& theirs) {
    if (theirs) mine = theirs;
  };
  over(all.site, server.site);
  over(all.mode, server.mode);
  over(all.shared, server.shared);
  over(all.owner_user, server.owner_user);
  over(all.verify_tls, server.verify_tls);
  over(all.ca_file, server.ca_file);
  over(all.bench, server.bench);
  return all;
}

std::string local_time(const Country& country, chrono::system_clock::time_point now) {
  const auto local = chrono::floor<chrono::seconds>(now) + chrono::minutes(country.utc_minutes);
  const auto day = chrono::floor<chrono::days>(local);
  const chrono::hh_mm_ss clock(local - day);
  char text[16];
  std::snprintf(text, sizeof text, " %02ld:%02ld:%02ld", static_cast<long>(clock.hours().count()),
                static_cast<long>(clock.minutes().count()), static_cast<long>(clock.seconds().count()));
  return date_text(chrono::year_month_day(day)) + text;
}

FiscalYear fiscal_year_of(int first_month, const std::string& today) {
  const auto day = parse_date(today);
  const auto month = chrono::month{static_cast<unsigned>(first_month)};
  const auto year = day->month() >= month ? day->year() : day->year() - chrono::years(1);
  const chrono::year_month_day start = year / month / 1;
  return fiscal_year_between(start, a_year_later(start));
}

std::vector<std::string> abbreviations_for(const std::string& company, const std::string& tenant_id) {
  std::string initials;
  bool word_begins = true;
  for (const char c : company) {
    const bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (letter && word_begins && initials.size() < 5)
      initials += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    word_begins = !letter && c != '\'';
  }
  if (initials.empty()) initials = "T";
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : tenant_id) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  constexpr std::string_view kDigits = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
  std::vector<std::string> all{initials};
  std::string longer = initials;
  for (int i = 0; i < 5; ++i) {
    longer += kDigits[hash % kDigits.size()];
    hash /= kDigits.size();
    if (i > 0) all.push_back(longer);
  }
  return all;
}

Result<Blueprint> make_blueprint(const Request& request, const Tenant& tenant, const Server& server,
                                 const Settings& engine, chrono::system_clock::time_point now) {
  Blueprint plan;
  const std::string wanted_country = request.country_template.value_or(tenant.country_code.value_or(""));
  plan.country = find_country(wanted_country);
  if (!plan.country)
    return invalid(wanted_country.empty() ? "The tenant has no country."
                                          : "The country \"" + wanted_country + "\" is not one the engine knows.",
                   request.country_template ? "/request/country_template" : "/tenant/country_code");
  if (server.url.empty()) return invalid("The server " + server.id + " has no URL.", "/server/url");

  plan.tenant_id = tenant.id;
  const Settings settings = merged(engine, server.settings);
  plan.mode = settings.mode.value_or(Mode::existing_site);
  plan.site = settings.site.value_or("");
  const bool own = plan.mode == Mode::new_site || plan.site.find("{tenant}") != std::string::npos;
  plan.shared = settings.shared.value_or(!own);
  std::string label = lower(tenant.id);  // part of a host name
  for (char& c : label)
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))) c = '-';
  replace_all(plan.site, "{tenant}", label);
  if (plan.mode == Mode::new_site && plan.site.empty())
    return invalid("The server " + server.id + " makes sites, but its settings name none.", "/server/settings/site");
  plan.bench = settings.bench.value_or(Bench{});
  plan.verify_tls = settings.verify_tls.value_or(true);
  plan.ca_file = settings.ca_file.value_or("");

  const CompanyWish company = request.company.value_or(CompanyWish{});
  plan.company = company.name.value_or(tenant.name.value_or(""));
  if (plan.company.empty()) return invalid("The company has no name.", "/request/company/name");
  plan.abbreviation_given = company.abbr.has_value();
  plan.abbreviations = company.abbr ? std::vector{*company.abbr} : abbreviations_for(plan.company, tenant.id);
  plan.currency = request.currency.value_or(std::string(plan.country->currency));
  plan.chart = request.chart_of_accounts.value_or(std::string(plan.country->chart));

  plan.today = local_time(*plan.country, now).substr(0, 10);
  plan.fiscal_year = fiscal_year_of(plan.country->fiscal_year_month, plan.today);
  if (request.fiscal_year && request.fiscal_year->start) {
    const auto start = parse_date(*request.fiscal_year->start);
    if (!start) return invalid("The fiscal year's first day is no date.", "/request/fiscal_year/start");
    const auto end =
        request.fiscal_year->end ? parse_date(*request.fiscal_year->end) : std::optional(a_year_later(*start));
    if (!end) return invalid("The fiscal year's last day is no date.", "/request/fiscal_year/end");
    plan.fiscal_year = fiscal_year_between(*start, *end);
  }

  plan.warehouses = request.warehouses;
  if (plan.warehouses.empty()) plan.warehouses = {"Main Shop"};
  plan.payment_modes = request.payment_modes;
  if (plan.payment_modes.empty())
    for (const CountryMode& mode : plan.country->modes)
      plan.payment_modes.push_back({std::string(mode.name), std::string(mode.type), std::nullopt});
  plan.items = request.items.empty() ? demo_items(lower(request.template_.value_or("retail"))) : request.items;
  plan.customer = request.customer.value_or("Walk-in Customer");
  plan.pos_profile = request.pos_profile.value_or("Main Till");

  plan.owner_email = tenant.admin_email.value_or("");
  plan.owner_name = tenant.admin_name.value_or("");
  if (plan.owner_name.empty()) plan.owner_name = "Owner";
  const OwnerUser owner = settings.owner_user.value_or(OwnerUser::own_site);
  plan.owner_user =
      !plan.owner_email.empty() && (owner == OwnerUser::always || (owner == OwnerUser::own_site && !plan.shared));
  return done(std::move(plan));
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
    if (year.end && !year.start) problems.push_back({"/fiscal_year/start", "is missing"});
    if (start && end && chrono::sys_days(*end) <= chrono::sys_days(*start))
      problems.push_back({"/fiscal_year/end", "is not after the first day"});
    if (start && end && chrono::sys_days(*end) - chrono::sys_days(*start) > chrono::days(366))
      problems.push_back({"/fiscal_year/end", "is more than a year after the first day"});
  }
  if (!request.items.empty() && !request.include_demo_data)
    problems.push_back({"/items", "are only made with include_demo_data"});
  const auto twice = [&](const auto& list, const auto& name_of, const std::string& where, const std::string& member) {
    for (std::size_t i = 0; i < list.size(); ++i)
      for (std::size_t j = 0; j < i; ++j)
        if (lower(name_of(list[i])) == lower(name_of(list[j]))) {
          problems.push_back(
              {std::string(where).append("/").append(std::to_string(i)).append(member), "is named twice"});
          break;
        }
  };
  twice(
      request.warehouses, [](const std::string& w) { return w; }, "/warehouses", "");
  twice(
      request.payment_modes, [](const PaymentMode& m) { return m.name; }, "/payment_modes", "/name");
  twice(
      request.items, [](const ItemWish& i) { return i.code; }, "/items", "/code");
  for (std::size_t i = 0; i < request.warehouses.size(); ++i)
    if (request.warehouses[i].empty()) problems.push_back({"/warehouses/" + std::to_string(i), "has no name"});
  return problems;
}

}  // namespace tenantry::erpnext
