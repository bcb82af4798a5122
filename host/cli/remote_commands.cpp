#include "cli/grammar.hpp"
#include "client/batch.hpp"

#include <iostream>

namespace tenantry::cli {

void Grammar::add_remote_commands() {
  add_login();
  add_engines();
  add_tenants();
  add_verbs();
  add_batch();
  add_views();
}

void Grammar::add_login() {
  auto* command = add(app_, "login", "sign in (password: TENANTRY_PASSWORD or asked for)", [this] {
    return with_session(line_, false, [this](const client::Session& session, const client::Credentials& credentials) {
      const auto password = client::read_password("TENANTRY_PASSWORD", line_.password_file, "Password: ");
      if (password.has_error()) return complain(password.error());
      return login(session, credentials, line_.email, *password);
    });
  });
  command->add_option("--email", line_.email)->required();
  command->add_option("--password-file", line_.password_file, "the password is its first line");
}

void Grammar::add_engines() {
  auto* engines = add_group("engines", "the engines of the host, and new ones");
  add_remote(*engines, "list", "loaded engines", [this](const client::Session& session) {
    return list_engines(session, line_.refused);
  })->add_flag("--refused", line_.refused, "files that were refused, and why");
  add_new_engine(*engines);
  add_check(*engines);
}

void Grammar::add_tenants() {
  auto* tenants = add_group("tenants", "the tenants of the host");
  add_create(*tenants);
  auto* list = add_remote(*tenants, "list", "tenants, newest first", [this](const client::Session& session) {
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
                          [this](const client::Session& session) { return show_tenant(session, line_.tenant); });
  add_tenant(*show);
  add_verb(*tenants, "delete", "", "roll back what was made for a tenant, and remove it for ever")
      ->add_option("--reason", line_.reason);
}

void Grammar::add_create(CLI::App& tenants) {
  auto* create = add(
      tenants, "create", "a new tenant (its administrator's password: TENANTRY_TENANT_PASSWORD or asked for)", [this] {
        return with_session(line_, true, [this](const client::Session& session, const client::Credentials&) {
          const auto password = client::read_password("TENANTRY_TENANT_PASSWORD", line_.password_file,
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

CLI::App* Grammar::add_verb(CLI::App& under, const std::string& name, const std::string& verb,
                            const std::string& text) {
  auto* command = add_remote(under, name, text, [this, verb](const client::Session& session) {
    const auto wanted = command_of(verb, line_);
    return wanted.has_error() ? complain(wanted.error()) : send_command(session, line_.tenant, *wanted);
  });
  add_tenant(*command);
  command->add_flag("--wait", line_.wait, "watch until the run is over");
  command->add_flag("--preview", line_.preview, "only say what would happen");
  return command;
}

void Grammar::add_verbs() {
  auto* start = add_verb(app_, "start", "start", "provision a tenant");
  add_parameters(*start);
  add_verb(app_, "retry", "retry", "attempt every failed step again")
      ->add_option("--step", line_.step, "only this one");
  add_verb(app_, "continue", "continue", "verify, then go on from the first failed step");
  auto* skip = add_verb(app_, "skip", "skip-step", "leave a step out");
  skip->add_option("--step", line_.step)->required();
  skip->add_option("--reason", line_.reason)->required();
  skip->add_flag("--force", line_.force, "although the step is not optional");
  auto* rerun = add_verb(app_, "rerun", "rerun-from", "run a finished step again");
  rerun->add_option("--step", line_.step)->required();
  rerun->add_flag("--downstream", line_.downstream, "and everything reachable from it");
  rerun->add_option("--reason", line_.reason);
  for (const auto& [verb, text] : {std::pair{"cancel", "stop a run"},
                                   {"kill", "give up what does not stop"},
                                   {"pause", "start nothing more for now"},
                                   {"resume", "go on after a pause"},
                                   {"rollback", "undo what the run made"},
                                   {"verify", "compare what was made with what is there"}})
    add_verb(app_, verb, verb, text)->add_option("--reason", line_.reason);
  auto* plan = add_remote(app_, "plan", "what start would do, step by step", [this](const client::Session& session) {
    const auto wanted = command_of("plan", line_);
    return wanted.has_error() ? complain(wanted.error()) : plan_tenant(session, line_.tenant, wanted->body);
  });
  add_tenant(*plan);
  add_parameters(*plan);
}

void Grammar::add_batch() {
  auto* batch = add_remote(app_, "batch", "one command to many tenants",
                           [this](const client::Session& session) { return run_batch(session, batch_of(line_)); });
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

void Grammar::add_views() {
  add_tenant(*add_remote(app_, "status", "where a tenant's run is",
                         [this](const client::Session& session) { return show_status(session, line_.tenant); }));
  auto* logs = add_remote(app_, "logs", "what happened to a tenant", [this](const client::Session& session) {
    return show_logs(session, line_.tenant, line_.lines);
  });
  add_tenant(*logs);
  logs->add_option("--limit", line_.lines, "newest lines")->check(CLI::Range(1, 5000));
  add_tenant(*add_remote(app_, "watch", "follow a tenant's run until it is over",
                         [this](const client::Session& session) { return watch_tenant(session, line_.tenant); }));
}

void Grammar::add_parameters(CLI::App& command) {
  command.add_flag("--demo-data", line_.demo_data);
  command.add_flag("--pos-store", line_.pos_store);
  command.add_option("--set", line_.settings, "a parameter of the engine, name=value; may be repeated");
}
void Grammar::add_tenant(CLI::App& command) { command.add_option("TENANT", line_.tenant, "id or name")->required(); }

}  // namespace tenantry::cli
