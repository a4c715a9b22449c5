#include "commands/known_passwords.hpp"

#include "base/secret.hpp"
#include "commands/services.hpp"
#include "content/wifi_psk.hpp"

namespace cmdsrv {
namespace {

/// No without an account, without a published password, and where passwords cannot be read.
bool IsKnown(const Services& services, const std::string& user, const Secret& password) {
  if (user.empty() || password.Empty()) return false;
  return services.accounts.IsRight(user, password, AccountGate::Whom::Anybody).value_or(false);
}

}  // namespace

json::object KnownPasswords::Describe(Services& services) {
  const auto variables = services.config.variables.Get();
  const std::string admin = variables->Text("iiab_admin_user", services.settings.iiab_admin_user);
  const Secret published(variables->Text("iiab_admin_published_pwd"));
  const Secret of_pi(services.settings.known_pi_password);
  const std::string asked = Sha1(fmt::format("{}\n{}\n{}", admin, published.Expose(), of_pi.Expose()));
  const std::scoped_lock lock(mutex_);
  const auto facts = Look(shadow_path_);
  if (answer_.empty() || facts != facts_ || asked != asked_) {
    answer_ = {{"pi_passwd_known", IsKnown(services, "pi", of_pi)},
               {"admin_passwd_known", IsKnown(services, admin, published)}};
    facts_ = facts;
    asked_ = asked;
  }
  return answer_;
}

}  // namespace cmdsrv
