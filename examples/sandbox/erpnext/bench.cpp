#include "sandbox/erpnext/bench.hpp"

#include <algorithm>
#include <array>

#include "sandbox/erpnext/auth.hpp"
#include "sandbox/erpnext/rules.hpp"
#include "sandbox/erpnext/wizard.hpp"

namespace tenantry::sandbox::erpnext {

namespace {

using std::chrono::milliseconds;

BenchResult killed(const std::string& output) { return {-9, output}; }

struct Parsed {
  std::string site;  // of --site
  std::vector<std::string> words;
  std::map<std::string, std::string> options;  // "--x v", "--x=v"; "" for flags
};

Parsed parse(const std::vector<std::string>& arguments) {
  static constexpr std::array<std::string_view, 7> kFlags{"--force", "--no-backup", "--verbose", "--set-default",
                                                          "-p",      "--parse",     "--quiet"};
  Parsed parsed;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& word = arguments[i];
    if (!word.starts_with("-")) {
      parsed.words.push_back(word);
      continue;
    }
    const auto equals = word.find('=');
    if (equals != std::string::npos)
      parsed.options[word.substr(0, equals)] = word.substr(equals + 1);
    else if (std::find(kFlags.begin(), kFlags.end(), word) != kFlags.end() || i + 1 == arguments.size())
      parsed.options[word] = "";
    else
      parsed.options[word] = arguments[++i];
  }
  parsed.site = parsed.options["--site"];
  return parsed;
}

std::string option(const Parsed& parsed, const std::string& name) {
  const auto found = parsed.options.find(name);
  return found == parsed.options.end() ? std::string{} : found->second;
}

BenchResult no_site(const std::string& site) {
  return {1, "Traceback (most recent call last):\n  ...\nfrappe.exceptions.IncorrectSitePath: 404 Not Found: " + site +
                 " does not exist\n"};
}

void note(Journal& journal, const std::string& site, const std::string& what) {
  journal.append({site, "", "", site, what, {}});
}

void set_apps(Site& site, Stage stage, Journal& journal) {
  const std::lock_guard lock(site.mutex);
  site.stage = stage;
  Transaction transaction(site, "Administrator", "");
  install_apps(transaction, stage == Stage::kReady);
  transaction.commit(journal);
}

void set_stage(Site& site, Stage stage) {
  const std::lock_guard lock(site.mutex);
  site.stage = stage;
}

BenchResult install_erpnext(Site& site, Journal& journal, const BenchCall& call) {
  set_stage(site, Stage::kHalfInstalled);
  if (call.stop_at == "apps" || !call.take(milliseconds(29000)))
    return killed(
        "Installing erpnext...\nUpdating DocTypes for erpnext       : [====                                    ] 10%");
  set_apps(site, Stage::kReady, journal);
  note(journal, site.name, "app erpnext installed");
  return {
      0,
      "Installing erpnext...\nUpdating DocTypes for erpnext       : [========================================] 100%\n"
      "Updating customizations for Address\nUpdating customizations for Contact\nUpdating Dashboard for erpnext\n"};
}

BenchResult new_site(Sites& sites, Journal& journal, const BenchCall& call, const Parsed& parsed) {
  if (parsed.words.size() < 2) return {2, "Error: Missing argument 'SITE'.\n"};
  const std::string& name = parsed.words[1];
  if (parsed.options.contains("--force") && sites.drop(name)) note(journal, name, "site dropped");
  const auto site = sites.add(name, Stage::kDirectory, option(parsed, "--admin-password"));
  if (!site) return {1, "Site " + name + " already exists\n"};
  note(journal, name, "site directory made");
  const std::string warning =
      "Warning: MariaDB version ['10.11', '19'] is more than 10.8 which is not yet tested with Frappe Framework.\n";
  const std::string password = option(parsed, "--db-root-password");
  if (!call.db_root_password.empty() && password != call.db_root_password)
    return {1,
            "Traceback (most recent call last):\n  ...\npymysql.err.OperationalError: (1045, \"Access denied for user "
            "'root'@'localhost' (using password: YES)\")\n"};
  if (call.stop_at == "directory" || !call.take(milliseconds(1500))) return killed(warning);
  const bool from_image = parsed.options.contains("--source_sql") || parsed.options.contains("--source-sql");
  set_stage(*site, Stage::kHalfTables);
  if (call.stop_at == "tables" || !call.take(milliseconds(from_image ? 5500 : 11200)))
    return killed(
        "Installing frappe...\nUpdating DocTypes for frappe        : [===============                         ] 38%");
  set_apps(*site, from_image ? Stage::kReady : Stage::kFrappe, journal);
  note(journal, name, from_image ? "site restored with erpnext" : "site created");
  if (from_image) return {0, warning + "App frappe already installed\n*** Scheduler is disabled ***\n"};
  std::string output =
      warning +
      "Installing frappe...\nUpdating DocTypes for frappe        : [========================================] "
      "100%\nUpdating Dashboard for frappe\n";
  if (option(parsed, "--install-app") == "erpnext") {
    const BenchResult installed = install_erpnext(*site, journal, call);
    output += installed.output;
    if (installed.exit != 0) return {installed.exit, output};
  }
  return {0, output + "*** Scheduler is disabled ***\n"};
}

BenchResult drop_site(Sites& sites, Journal& journal, const BenchCall& call, const Parsed& parsed) {
  if (parsed.words.size() < 2) return {2, "Error: Missing argument 'SITE'.\n"};
  const std::string& name = parsed.words[1];
  const auto site = sites.find(name);
  if (!site) return no_site(name);
  bool locked = false;
  {
    const std::lock_guard lock(site->mutex);
    locked = site->stage == Stage::kDirectory && site->config.contains("__polled");
  }
  // Somebody polled a site without tables over HTTP: its open transaction holds the metadata lock.
  if (locked) {
    call.take(milliseconds(600000));
    return killed("Dropping site database and user\n");
  }
  const bool backup = !parsed.options.contains("--no-backup");
  if (!call.take(milliseconds(backup ? 14000 : 3000))) return killed("Dropping site database and user\n");
  sites.drop(name);
  note(journal, name, "site dropped");
  return {0, std::string(backup ? "Backup Summary for " + name + "\n" : "") +
                 "Dropping site database and user\nMoving site to archive under /opt/bench/archived/sites\n"};
}

BenchResult list_apps(const Site& site) {
  if (site.stage == Stage::kReady) return {0, "\nfrappe  15.72.4 UNVERSIONED\nerpnext 15.71.1 UNVERSIONED\n\n"};
  return {0, site.stage >= Stage::kFrappe ? "\nfrappe 15.72.4 UNVERSIONED\n\n" : ""};
}

BenchResult install_app(Site& site, Journal& journal, const BenchCall& call, const Parsed& parsed) {
  Stage stage = Stage::kReady;
  {
    const std::lock_guard lock(site.mutex);
    stage = site.stage;
  }
  if (stage == Stage::kReady) return {0, "App erpnext already installed\n"};
  if (stage == Stage::kHalfInstalled && !parsed.options.contains("--force"))
    return {
        1,
        "Traceback (most recent call last):\n  ...\nfrappe.exceptions.DuplicateEntryError: ('Module Def', 'Accounts', "
        "IntegrityError(1062, \"Duplicate entry 'Accounts' for key 'PRIMARY'\"))\n"};
  if (stage < Stage::kFrappe)
    return {1,
            "Traceback (most recent call last):\n  ...\npymysql.err.ProgrammingError: (1146, \"Table 'tabDefaultValue' "
            "doesn't exist\")\n"};
  return install_erpnext(site, journal, call);
}

BenchResult execute(Site& site, Journal& journal, const Parsed& parsed) {
  const std::string method = parsed.words.size() > 1 ? parsed.words[1] : "";
  if (method == "frappe.is_setup_complete") return {0, is_setup_complete(site) ? "true\n" : "false\n"};
  if (method == "frappe.core.doctype.user.user.generate_keys") {
    boost::system::error_code bad;
    const json::value arguments = json::parse(option(parsed, "--args"), bad);
    const bool named = !bad && arguments.is_array() && !arguments.get_array().empty();
    const std::string user = named ? as_text(arguments.get_array()[0]) : "Administrator";
    if (!site.exists("User", user)) return {1, "frappe.exceptions.DoesNotExistError: User " + user + " not found\n"};
    Transaction transaction(site, "Administrator", "");
    const std::string secret = generate_keys(transaction, user);
    transaction.note("User", user, "keys generated");
    transaction.commit(journal);
    return {0, "{\"api_secret\": \"" + secret + "\"}\n"};
  }
  return {1, "Traceback (most recent call last):\n  ...\nImportError: " + method + "\n"};
}

BenchResult add_system_user(Site& site, Journal& journal, const Parsed& parsed) {
  const std::string email = parsed.words.size() > 1 ? parsed.words[1] : "";
  if (site.exists("User", email))
    return {1, "Traceback (most recent call last):\n  ...\nfrappe.exceptions.DuplicateEntryError: ('User', '" + email +
                   "', IntegrityError(1062, \"Duplicate entry '" + email + "' for key 'PRIMARY'\"))\n"};
  Transaction transaction(site, "Administrator", "");
  make_user(transaction, email, option(parsed, "--first-name"), option(parsed, "--last-name"),
            option(parsed, "--password"));
  transaction.note("User", email, "created");
  transaction.commit(journal);
  return {0, ""};
}

BenchResult set_config(Site& site, const Parsed& parsed) {
  if (parsed.words.size() < 3) return {2, "Error: Missing argument 'VALUE'.\n"};
  boost::system::error_code bad;
  json::value value = json::parse(parsed.words[2], bad);
  const bool as_json = parsed.options.contains("-p") || parsed.options.contains("--parse");
  site.config[parsed.words[1]] = as_json && !bad ? value : json::value(parsed.words[2]);
  return {0, ""};
}

}  // namespace

BenchResult run_bench(Sites& sites, Journal& journal, const BenchCall& call) {
  const Parsed parsed = parse(call.arguments);
  if (parsed.words.empty()) return {0, "Usage: bench [OPTIONS] COMMAND [ARGS]...\n"};
  const std::string& command = parsed.words[0];
  if (command == "version")
    return {0,
            "[\n    {\n        \"commit\": \"\",\n        \"app\": \"erpnext\",\n        \"branch\": \"\",\n        "
            "\"version\": \"15.71.1\"\n    },\n    {\n        \"commit\": \"\",\n        \"app\": \"frappe\",\n        "
            "\"branch\": \"\",\n        \"version\": \"15.72.4\"\n    }\n]\n"};
  if (command == "new-site") return new_site(sites, journal, call, parsed);
  if (command == "drop-site") return drop_site(sites, journal, call, parsed);
  const auto site = sites.find(parsed.site);
  if (!site) return no_site(parsed.site);
  if (command == "install-app") return install_app(*site, journal, call, parsed);
  if (!call.take(milliseconds(1000))) return killed("");
  const std::lock_guard lock(site->mutex);
  if (command == "list-apps") return list_apps(*site);
  if (command == "execute") return execute(*site, journal, parsed);
  if (command == "add-system-manager") return add_system_user(*site, journal, parsed);
  if (command == "set-config") return set_config(*site, parsed);
  if (command == "set-admin-password" && parsed.words.size() > 1) {
    site->passwords["Administrator"] = parsed.words[1];
    return {0, ""};
  }
  return {2, "Error: No such command '" + command + "'.\n"};
}

}  // namespace tenantry::sandbox::erpnext
