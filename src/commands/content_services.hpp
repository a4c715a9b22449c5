#pragma once

#include "commands/shared_run.hpp"
#include "content/map_catalog.hpp"
#include "content/module_catalog.hpp"
#include "content/settings.hpp"

namespace cmdsrv {

/// What the handlers of modules, maps and menus share. Safe to use from several workers at once.
struct ContentServices {
  explicit ContentServices(const Settings& settings)
      : modules(settings.module_catalog_file), maps(settings.map_catalog_file) {}

  ModuleCatalogCache modules;
  MapCatalogCache maps;
  SharedRun module_refresh;
};

}  // namespace cmdsrv
