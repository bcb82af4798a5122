#include "cli/commands.hpp"

#include <CLI/CLI.hpp>
#include <iostream>
#include <tuple>

#include "cli/batch.hpp"
#include "cli/client.hpp"
#include "cli/credentials.hpp"
#include "cli/new_engine.hpp"
#include "cli/output.hpp"
#include "cli/verbs.hpp"

namespace tenantry::cli {
namespace {

namespace json = base::json;

// What the options of all commands are read into; each command uses its own few.
struct Line {
  std::string url;
  std::string output = "table";
  std::string trace;
  std::string tenant;
  std::string email;
  std::string name;
  std::string password_file;
  std::string engine;
  std::string into = ".";
  std::string server;
  std::string country;
  StoreCopy copy;
  std::string events_before;
  std::string runs_before;
  bool dry_run = false;
  std::string admin_email;
  std::string admin_name;
  std::string category;
  std::string description;
  std::string status;
  std::string search;
  std::string step;
  std::string reason;
  std::string verb;
  std::vector<std::string> filter;
  std::vector<std::string> settings;
  std::vector<std::string> labels;
  std::vector<std::string> engine_folders;
  std::string config_file;
  std::string address;
  std::string data_dir;
  std::string store;
  std::string log_level;
  int port = -1;
  int limit = 50;
  int skip = 0;
  int lines = 500;
  bool refused = false;
  bool demo_data = false;
  bool pos_store = false;
  bool force = false;
  bool downstream = false;
  bool preview = false;
  bool wait = false;
  EngineCheck check;
};

int complain(const base::Error& error) {
  print_error(std::cerr, error);
  return exit_code(error);
}

void set(json::object& object, const char* name, const std::string& value) {
  if (!value.empty()) object[name] = value;
}

HostSetup host_setup(const Line& line) {
  HostSetup setup{line.config_file, {}};
  json::object listen;
  set(listen, "address", line.address);
  if (line.port >= 0) listen["port"] = line.port;
  if (!listen.empty()) setup.overrides["listen"] = listen;
  set(setup.overrides, "data_dir", line.data_dir);
  if (!line.store.empty()) setup.overrides["store"] = json::object{{"url", line.store}};
  if (!line.engine_folders.empty())
    setup.overrides["engines"] = json::object{{"directories", json::value_from(line.engine_folders)}};
  if (!line.log_level.empty()) setup.overrides["log"] = json::object{{"level", line.log_level}};
  return setup;
}

json::object tenant_document(const Line& line, const std::string& password) {
  json::object tenant{{"name", line.name},
                      {"engine", line.engine},
                      {"country_code", line.country},
                      {"admin_email", line.admin_email},
                      {"admin_name", line.admin_name},
                      {"admin_password", password}};
  set(tenant, "server", line.server);
  set(tenant, "category", line.category);
  set(tenant, "description", line.description);
  if (!line.labels.empty()) {
    json::object labels;
    for (const auto& label : line.labels) {
      const auto equals = label.find('=');
      labels[label.substr(0, equals)] = equals == std::string::npos ? "" : label.substr(equals + 1);
    }
    tenant["labels"] = labels;
  }
  return tenant;
}

base::Result<Command> command_of(const std::string& verb, const Line& line) {
  Command command{verb, {}, line.wait};
  set(command.body, "step", line.step);
  set(command.body, "reason", line.reason);
  if (line.force) command.body["force"] = true;
  if (line.downstream) command.body["include_downstream"] = true;
  if (line.preview) command.body["validate_only"] = true;
  if (line.demo_data) command.body["include_demo_data"] = true;
  if (line.pos_store) command.body["pos_store_enabled"] = true;
  auto wanted = parameters(line.settings);
  if (wanted.has_error()) return wanted.error();
  if (!wanted->empty()) command.body["parameters"] = std::move(*wanted);
  return command;
}

// Opens the session with the host that is meant, and hands it to `use`.
template <class Use>
int with_session(const Line& line, bool needs_token, Use use) {
  const auto credentials = Credentials::of_this_account();
  if (credentials.has_error()) return complain(credentials.error());
  auto url = line.url;
  if (url.empty()) url = credentials->last_url().value_or("http://127.0.0.1:4000");
  const auto clean = clean_url(url);
  if (clean.has_error()) return complain(clean.error());
  const auto token = needs_token ? credentials->token(*clean) : std::string();
  if (needs_token && token.empty())
    return complain({base::ErrorKind::kUnauthenticated,
                     "cli.signed_out",
                     "You are not signed in to " + *clean + ".",
                     "Sign in with `tenantry login --email YOU --url " + *clean + "`.",
                     {},
                     {}});
  Client client(*clean, token, line.trace);
  WatchOptions options;
  options.format = line.output == "json" ? Format::kJson : Format::kTable;
  options.look = Look::of_stdout();
  return use(Session{client, options, std::cout, std::cerr}, *credentials);
}

class Commands {
 public:
  Commands(Line& line, const HostCommands& host)
      : line_(line), host_(host), app_("Provisions tenants of ERP systems.") {
    app_.set_version_flag("--version", host.version);
    app_.require_subcommand(1);
    app_.fallthrough();
    app_.add_option("--url", line_.url, "the host; otherwise TENANTRY_URL, or the last one signed in to")
        ->envname("TENANTRY_URL");
    app_.add_option("-o,--output", line_.output, "table or json")->check(CLI::IsMember({"table", "json"}));
    app_.add_option("--trace", line_.trace, "file that gets a line for each REST call");
    add_host_commands();
    add_login();
    add_lists();
    add_verbs();
    add_batch();
    add_views();
  }

  int run(int argc, const char* const* argv) {
    try {
      app_.parse(argc, argv);
    } catch (const CLI::ParseError& failure) {
      return app_.exit(failure, std::cout, std::cerr) == 0 ? kExitOk : kExitUsage;
    }
    return action_();
  }

 private:
  CLI::App* add(CLI::App& under, const std::string& name, const std::string& text, std::function<int()> action) {
    auto* command = under.add_subcommand(name, text);
    command->fallthrough();
    command->callback([this, action = std::move(action)] { action_ = action; });
    return command;
  }

  // A command that is a session's business.
  template <class Use>
  CLI::App* add_remote(CLI::App& under, const std::string& name, const std::string& text, Use use) {
    return add(under, name, text, [this, use] {
      return with_session(line_, true, [&](const Session& session, const Credentials&) { return use(session); });
    });
  }

  void add_setup_options(CLI::App& command) {
    command.add_option("--config", line_.config_file, "configuration file (TOML)");
    command.add_option("--data-dir", line_.data_dir, "folder for everything the host keeps");
    command.add_option("--store", line_.store, "sqlite:<file> or postgresql://...");
  }

  void add_host_commands() {
    auto* serve = add(app_, "serve", "run a host", [this] { return host_.serve(host_setup(line_)); });
    add_setup_options(*serve);
    serve->add_option("--address", line_.address, "IP address to listen on");
    serve->add_option("--port", line_.port, "port to listen on; 0 is any free one")->check(CLI::Range(0, 65535));
    serve->add_option("--engines", line_.engine_folders, "folder with engines; may be repeated");
    serve->add_option("--log-level", line_.log_level, "debug, info, warn, error or off");

    auto* admin = app_.add_subcommand("admin", "accounts of this host's store, and the store itself");
    admin->require_subcommand(1);
    admin->fallthrough();
    auto* create = add(*admin, "create", "make the first account (password: TENANTRY_ADMIN_PASSWORD or asked for)",
                       [this] { return create_admin(); });
    add_setup_options(*create);
    create->add_option("--email", line_.email)->required();
    create->add_option("--name", line_.name)->required();
    create->add_option("--password-file", line_.password_file, "the password is its first line");
    auto* copy = add(*admin, "copy-store", "copy a SQLite store that no host uses into an empty PostgreSQL database",
                     [this] { return copy_store(); });
    copy->add_option("--from", line_.copy.from, "file of the SQLite store")->required();
    copy->add_option("--to", line_.copy.to, "postgresql://user@host:port/database")->required();
    auto* prune = add(*admin, "prune", "delete what is old from the store, also while hosts use it",
                      [this] { return prune_store(); });
    add_setup_options(*prune);
    prune->add_option("--events-before", line_.events_before, "a day, or an RFC 3339 time: events that are older");
    prune->add_option("--runs-before", line_.runs_before,
                      "finished runs and batches that ended before it; the newest run of each tenant stays");
    prune->add_flag("--dry-run", line_.dry_run, "only count");
  }

  int prune_store() const {
    StorePrune wanted;
    wanted.dry_run = line_.dry_run;
    for (const auto& [option, text, place] :
         {std::tuple{"--events-before", &line_.events_before, &wanted.events_before},
          std::tuple{"--runs-before", &line_.runs_before, &wanted.runs_before}}) {
      if (text->empty()) continue;
      *place = base::parse_time(text->size() == std::string_view("2026-01-31").size() ? *text + "T00:00:00Z" : *text);
      if (!*place)
        return complain({base::ErrorKind::kInvalid,
                         "cli.no_time",
                         std::string(option) + ": " + *text + " is no day and no time.",
                         "Write 2026-01-31 or 2026-01-31T12:00:00Z.",
                         {},
                         {}});
    }
    if (!wanted.events_before && !wanted.runs_before)
      return complain({base::ErrorKind::kInvalid,
                       "cli.no_time",
                       "Nothing is to be deleted.",
                       "Give --events-before, --runs-before or both.",
                       {},
                       {}});
    const auto pruned = host_.prune_store(host_setup(line_), wanted);
    if (pruned.has_error()) return complain(pruned.error());
    if (line_.output == "json") return std::cout << json::serialize(*pruned) << '\n', kExitOk;
    for (const auto& count : *pruned)
      std::cout << count.value() << ' ' << std::string_view(count.key())
                << (line_.dry_run ? " would be deleted\n" : " deleted\n");
    return kExitOk;
  }

  int copy_store() const {
    const auto copied = host_.copy_store(line_.copy);
    if (copied.has_error()) return complain(copied.error());
    std::cout << *copied;
    return kExitOk;
  }

  int create_admin() const {
    auto password = read_password("TENANTRY_ADMIN_PASSWORD", line_.password_file, "Password of the account: ");
    if (password.has_error()) return complain(password.error());
    const auto made = host_.create_admin(host_setup(line_), {line_.email, line_.name, std::move(*password)});
    if (made.has_error()) return complain(made.error());
    std::cout << "Account " << printable(line_.email) << " created.\n";
    return kExitOk;
  }

  void add_login() {
    auto* command = add(app_, "login", "sign in (password: TENANTRY_PASSWORD or asked for)", [this] {
      return with_session(line_, false, [this](const Session& session, const Credentials& credentials) {
        const auto password = read_password("TENANTRY_PASSWORD", line_.password_file, "Password: ");
        if (password.has_error()) return complain(password.error());
        return login(session, credentials, line_.email, *password);
      });
    });
    command->add_option("--email", line_.email)->required();
    command->add_option("--password-file", line_.password_file, "the password is its first line");
  }

  void add_lists() {
    auto* engines = app_.add_subcommand("engines", "the engines of the host, and new ones");
    engines->require_subcommand(1);
    engines->fallthrough();
    add_remote(*engines, "list", "loaded engines", [this](const Session& session) {
      return list_engines(session, line_.refused);
    })->add_flag("--refused", line_.refused, "files that were refused, and why");

    add_new_engine(*engines);
    add_check(*engines);

    auto* tenants = app_.add_subcommand("tenants", "the tenants of the host");
    tenants->require_subcommand(1);
    tenants->fallthrough();
    add_create(*tenants);
    auto* list = add_remote(*tenants, "list", "tenants, newest first", [this](const Session& session) {
      return list_tenants(session, {{"status", line_.status},
                                    {"engine", line_.engine},
                                    {"q", line_.search},
                                    {"limit", std::to_string(line_.limit)},
                                    {"skip", std::to_string(line_.skip)}});
    });
    list->add_option("--status", line_.status, "e.g. FAILED");
    list->add_option("--engine", line_.engine);
    list->add_option("--search", line_.search, "part of the name");
    list->add_option("--limit", line_.limit)->check(CLI::Range(1, 200));
    list->add_option("--skip", line_.skip)->check(CLI::NonNegativeNumber);
    auto* show = add_remote(*tenants, "show", "one tenant",
                            [this](const Session& session) { return show_tenant(session, line_.tenant); });
    add_tenant(*show);
    add_verb_to(*tenants, "delete", "", "roll back what was made for a tenant, and remove it for ever")
        ->add_option("--reason", line_.reason);
  }

  void add_new_engine(CLI::App& engines) {
    auto* command = add(engines, "new", "write a project with an engine that works", [this] {
      return new_engine(line_.engine, line_.into, line_.output == "json" ? Format::kJson : Format::kTable,
                        Installation::of_this_program(), std::cout, std::cerr);
    });
    command->add_option("NAME", line_.engine, "the engine's id: lower-case letters, digits and _")->required();
    command->add_option("--into", line_.into, "folder that the project's folder is made in; otherwise this one");
  }

  void add_check(CLI::App& engines) {
    auto* check = add(engines, "check", "does a file keep the contract of engines? (needs no host)", [this] {
      line_.check.json = line_.output == "json";
      return host_.check_engine(line_.check);
    });
    check->add_option("FILE", line_.check.file, "the engine, *.so");
    check->add_option("--fixture", line_.check.fixture, "JSON file that lets its steps act");
    check->add_option("--only", line_.check.only, "numbers or names of checks, e.g. 7,undo")->delimiter(',');
    check->add_flag("--list", line_.check.list, "the checks and their names");
    check->add_option("--seed", line_.check.seed, "repeats what is random in an earlier report")
        ->check(CLI::Range(1.0, 9007199254740991.0));
    check->add_option("--time-limit", line_.check.time_limit_s, "seconds one call may take")
        ->check(CLI::Range(1, 86400));
  }

  void add_create(CLI::App& tenants) {
    auto* create = add(tenants, "create",
                       "a new tenant (its administrator's password: TENANTRY_TENANT_PASSWORD or asked for)", [this] {
                         return with_session(line_, true, [this](const Session& session, const Credentials&) {
                           const auto password = read_password("TENANTRY_TENANT_PASSWORD", line_.password_file,
                                                               "Password of the tenant's administrator: ");
                           if (password.has_error()) return complain(password.error());
                           return create_tenant(session, tenant_document(line_, *password));
                         });
                       });
    create->add_option("--name", line_.name)->required();
    create->add_option("--engine", line_.engine)->required();
    create->add_option("--country", line_.country, "two letters, e.g. KE")->required();
    create->add_option("--admin-email", line_.admin_email)->required();
    create->add_option("--admin-name", line_.admin_name)->required();
    create->add_option("--password-file", line_.password_file, "the password is its first line");
    create->add_option("--server", line_.server, "the ERP server; otherwise the least loaded one");
    create->add_option("--category", line_.category);
    create->add_option("--description", line_.description);
    create->add_option("--label", line_.labels, "name=value; may be repeated");
  }

  CLI::App* add_verb(const std::string& name, const std::string& verb, const std::string& text) {
    return add_verb_to(app_, name, verb, text);
  }

  CLI::App* add_verb_to(CLI::App& parent, const std::string& name, const std::string& verb, const std::string& text) {
    auto* command = add_remote(parent, name, text, [this, verb](const Session& session) {
      const auto wanted = command_of(verb, line_);
      return wanted.has_error() ? complain(wanted.error()) : send_command(session, line_.tenant, *wanted);
    });
    add_tenant(*command);
    command->add_flag("--wait", line_.wait, "watch until the run is over");
    command->add_flag("--preview", line_.preview, "only say what would happen");
    return command;
  }

  void add_verbs() {
    auto* start = add_verb("start", "start", "provision a tenant");
    add_parameters(*start);
    add_verb("retry", "retry", "attempt every failed step again")->add_option("--step", line_.step, "only this one");
    add_verb("continue", "continue", "verify, then go on from the first failed step");
    auto* skip = add_verb("skip", "skip-step", "leave a step out");
    skip->add_option("--step", line_.step)->required();
    skip->add_option("--reason", line_.reason)->required();
    skip->add_flag("--force", line_.force, "although the step is not optional");
    auto* rerun = add_verb("rerun", "rerun-from", "run a finished step again");
    rerun->add_option("--step", line_.step)->required();
    rerun->add_flag("--downstream", line_.downstream, "and everything reachable from it");
    rerun->add_option("--reason", line_.reason);
    for (const auto& [verb, text] : {std::pair{"cancel", "stop a run"},
                                     {"kill", "give up what does not stop"},
                                     {"pause", "start nothing more for now"},
                                     {"resume", "go on after a pause"},
                                     {"rollback", "undo what the run made"},
                                     {"verify", "compare what was made with what is there"}})
      add_verb(verb, verb, text)->add_option("--reason", line_.reason);
    auto* plan = add_remote(app_, "plan", "what start would do, step by step", [this](const Session& session) {
      const auto wanted = command_of("plan", line_);
      return wanted.has_error() ? complain(wanted.error()) : plan_tenant(session, line_.tenant, wanted->body);
    });
    add_tenant(*plan);
    add_parameters(*plan);
  }

  void add_batch() {
    auto* batch = add_remote(app_, "batch", "one command to many tenants", [this](const Session& session) {
      return run_batch(session, {line_.verb, line_.filter, line_.reason, line_.settings, line_.preview, line_.wait});
    });
    batch->add_option("VERB", line_.verb, "start, retry, continue, cancel, rollback, verify, pause or resume")
        ->required();
    batch
        ->add_option("--filter", line_.filter,
                     "who is meant: engine=, server=, status=, state=, text=, id=, label.NAME=, or all; by commas")
        ->required()
        ->delimiter(',');
    batch->add_option("--reason", line_.reason);
    batch->add_option("--set", line_.settings, "start: a parameter of the engine, name=value; may be repeated");
    batch->add_flag("--plan", line_.preview, "only say what would happen");
    batch->add_flag("--wait", line_.wait, "until every tenant has its answer");
  }

  void add_views() {
    add_tenant(*add_remote(app_, "status", "where a tenant's run is",
                           [this](const Session& session) { return show_status(session, line_.tenant); }));
    auto* logs = add_remote(app_, "logs", "what happened to a tenant",
                            [this](const Session& session) { return show_logs(session, line_.tenant, line_.lines); });
    add_tenant(*logs);
    logs->add_option("--limit", line_.lines, "newest lines")->check(CLI::Range(1, 5000));
    add_tenant(*add_remote(app_, "watch", "follow a tenant's run until it is over",
                           [this](const Session& session) { return watch_tenant(session, line_.tenant); }));
  }

  void add_parameters(CLI::App& command) {
    command.add_flag("--demo-data", line_.demo_data);
    command.add_flag("--pos-store", line_.pos_store);
    command.add_option("--set", line_.settings, "a parameter of the engine, name=value; may be repeated");
  }
  void add_tenant(CLI::App& command) { command.add_option("TENANT", line_.tenant, "id or name")->required(); }

  Line& line_;
  const HostCommands& host_;
  CLI::App app_;
  std::function<int()> action_;
};

}  // namespace

int run(int argc, const char* const* argv, const HostCommands& host) {
  try {
    Line line;
    Commands commands(line, host);
    return commands.run(argc, argv);
  } catch (const std::exception& failure) {
    std::cerr << "Error: " << printable(failure.what()) << " (cli.internal)\n";
    return kExitError;
  }
}

}  // namespace tenantry::cli
