#include "cli/doctor.hpp"
#include "cli/grammar.hpp"
#include "cli/new_engine.hpp"

#include <iostream>
#include <tuple>

namespace tenantry::cli {

void Grammar::add_host_commands() {
  add_serve();
  add_doctor();
  add_admin();
  add_completion();
}

void Grammar::add_setup_options(CLI::App& command) {
  command.add_option("--config", line_.config_file, "configuration file (TOML)");
  command.add_option("--data-dir", line_.data_dir, "folder for everything the host keeps");
  command.add_option("--store", line_.store, "sqlite:<file> or postgresql://...");
}

void Grammar::add_listen_options(CLI::App& command) {
  command.add_option("--address", line_.address, "IP address to listen on");
  command.add_option("--port", line_.port, "port to listen on; 0 is any free one")->check(CLI::Range(0, 65535));
  command.add_option("--engines", line_.engine_folders, "folder with engines; may be repeated");
}

void Grammar::add_serve() {
  auto* serve = add(app_, "serve", "run a host", [this] { return host_.serve(host_setup(line_)); });
  add_setup_options(*serve);
  add_listen_options(*serve);
  serve->add_option("--log-level", line_.log_level, "debug, info, warn, error or off");
}

void Grammar::add_doctor() {
  auto* doctor =
      add(app_, "doctor", "what is wrong where a host is to run, and what to fix first", [this] { return examine(); });
  add_setup_options(*doctor);
  add_listen_options(*doctor);
}

int Grammar::examine() const {
  const auto then = "tenantry serve" + (line_.config_file.empty() ? "" : " --config " + shell_word(line_.config_file));
  return tell(host_.examine(host_setup(line_)), format_of(line_), then, std::cout);
}

void Grammar::add_admin() {
  auto* admin = add_group("admin", "accounts of this host's store, and the store itself");
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

int Grammar::prune_store() const {
  StorePrune wanted;
  wanted.dry_run = line_.dry_run;
  for (const auto& [option, text, place] : {std::tuple{"--events-before", &line_.events_before, &wanted.events_before},
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
  if (format_of(line_) == client::Format::kJson) return std::cout << base::json::serialize(*pruned) << '\n', kExitOk;
  for (const auto& count : *pruned)
    std::cout << count.value() << ' ' << std::string_view(count.key())
              << (line_.dry_run ? " would be deleted\n" : " deleted\n");
  return kExitOk;
}

int Grammar::copy_store() const {
  const auto copied = host_.copy_store(line_.copy);
  if (copied.has_error()) return complain(copied.error());
  std::cout << *copied;
  return kExitOk;
}

int Grammar::create_admin() const {
  auto password = client::read_password("TENANTRY_ADMIN_PASSWORD", line_.password_file, "Password of the account: ");
  if (password.has_error()) return complain(password.error());
  const auto made = host_.create_admin(host_setup(line_), {line_.email, line_.name, std::move(*password)});
  if (made.has_error()) return complain(made.error());
  std::cout << "Account " << client::printable(line_.email) << " created.\n";
  return kExitOk;
}

void Grammar::add_new_engine(CLI::App& engines) {
  auto* command = add(engines, "new", "write a project with an engine that works", [this] {
    return new_engine(line_.engine, line_.into, format_of(line_), Installation::of_this_program(), std::cout,
                      std::cerr);
  });
  command->add_option("NAME", line_.engine, "the engine's id: lower-case letters, digits and _")->required();
  command->add_option("--into", line_.into, "folder that the project's folder is made in; otherwise this one");
}

void Grammar::add_check(CLI::App& engines) {
  auto* check = add(engines, "check", "does a file keep the contract of engines? (needs no host)", [this] {
    line_.check.json = format_of(line_) == client::Format::kJson;
    return host_.check_engine(line_.check);
  });
  check->add_option("FILE", line_.check.file, "the engine, *.so");
  check->add_option("--fixture", line_.check.fixture, "JSON file that lets its steps act");
  check->add_option("--only", line_.check.only, "numbers or names of checks, e.g. 7,undo")->delimiter(',');
  check->add_flag("--list", line_.check.list, "the checks and their names");
  check->add_option("--seed", line_.check.seed, "repeats what is random in an earlier report")
      ->check(CLI::Range(1.0, 9007199254740991.0));
  check->add_option("--time-limit", line_.check.time_limit_s, "seconds one call may take")->check(CLI::Range(1, 86400));
}

void Grammar::add_completion() {
  auto* completion = add(app_, "completion", "a script that lets a shell complete these commands", [this] {
    std::cout << completion_script(shape(), line_.shell);
    return kExitOk;
  });
  completion->add_option("SHELL", line_.shell)->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
}

}  // namespace tenantry::cli
