#include "new_site.hpp"

#include "documents.hpp"

namespace tenantry::erpnext {

Result<bool> provide_site(Context& context, const Blueprint& plan, std::string_view admin_password) {
  BenchCommands bench(context, plan, admin_password);
  Notes notes = notes_of(context);
  const auto begin = [&] {
    if (notes.site_creating) return;
    notes.site_creating = true;
    context.save(notes);
  };
  for (int i = 0; i < 5; ++i) {
    const auto state = bench.look();
    if (!state.has_value()) return state.ending();
    switch (*state) {
      case SiteState::complete:
        if (notes.site_creating && !notes.site_created) {
          notes.site_created = true;
          context.save(notes);
        }
        return done(bool(notes.site_creating));
      case SiteState::missing: {
        begin();
        context.progress(0.05, "making the site");
        if (const auto made = bench.new_site(); !made.has_value()) return made.ending();
        break;
      }
      case SiteState::frappe: {
        context.progress(0.1, "installing ERPNext");
        if (const auto installed = bench.install_erpnext(); !installed.has_value()) return installed.ending();
        break;
      }
      case SiteState::unreadable:
        // Bench may fail for reasons that say nothing about the site: only our own remains are dropped unread.
        if (!notes.site_creating)
          return try_again({"erpnext.site_unreadable", "engine_unavailable", "site " + plan.site,
                            "the list of its apps", "bench failed",
                            "Make bench list the site's apps, or drop the site by hand, then Continue."});
        [[fallthrough]];
      case SiteState::remains: {
        begin();
        context.warn("dropping what is left of an unfinished site", {{"site", plan.site}});
        if (const auto dropped = bench.drop_site(); !dropped.has_value()) return dropped.ending();
        break;
      }
    }
  }
  return try_again({"erpnext.new_site_failed", "transient", "site " + plan.site, "to be complete",
                    "not complete after several commands",
                    "Look at the step's log for what bench said, then Continue."});
}

Result<Nothing> drop_own_site(Context& context, const Blueprint& plan, std::string_view admin_password,
                              const std::function<Result<Site>()>& open_site) {
  BenchCommands bench(context, plan, admin_password);
  const auto state = bench.look();
  if (!state.has_value()) return state.ending();
  if (*state == SiteState::missing) return done();
  if (*state == SiteState::complete) {
    auto site = open_site();
    if (!site.has_value()) return site.ending();
    const Reply booked = site.value().ask("frappe.client.get_count", "doctype=" + http::percent_encode("GL Entry"));
    if (!booked.ok()) return ending_of(booked.fault(), site->concern("bookings", "to count them"));
    const std::string count = as_text(booked.value());
    if (count != "0")
      return give_up({"erpnext.has_bookings", "conflict", "site " + plan.site, "no bookings", count + " bookings",
                      "Drop the site by hand if its books may be lost, then roll back again."});
  }
  return bench.drop_site();
}

}  // namespace tenantry::erpnext
