# What `make install` and the Debian packages put where. Programs find each other by their places relative to the
# executable (Root::OwnProgram): <prefix>/sbin or bin beside <prefix>/libexec.
include(GNUInstallDirs)
set(CMDSRV_SYSTEMD_DIR lib/systemd/system CACHE STRING "where systemd looks for units, below the prefix")

install(TARGETS iiab-cmdsrv iiab-cmdsrv-gateway RUNTIME DESTINATION sbin)
install(TARGETS iiab-cmdsrv-ctl RUNTIME DESTINATION bin)
install(TARGETS iiab-cmdsrv-shim iiab-cmdsrv-step RUNTIME DESTINATION libexec)
# Loaded, never run.
install(TARGETS iiab-cmdsrv-db iiab-cmdsrv-net iiab-cmdsrv-zim iiab-cmdsrv-zip
        LIBRARY DESTINATION libexec PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)

install(CODE [[
  foreach(directory bin share/man/man1)
    file(MAKE_DIRECTORY "$ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}/${directory}")
  endforeach()
  file(CREATE_LINK iiab-cmdsrv-ctl "$ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}/bin/iiab-install-oer2go-mod" SYMBOLIC)
  file(CREATE_LINK iiab-cmdsrv-ctl.1
       "$ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}/share/man/man1/iiab-install-oer2go-mod.1" SYMBOLIC)
]])

# The old names. The step program itself knows them (its table); iiab-make-kiwix-lib belongs to the host project, which
# installs its own.
install(CODE "set(step ${CMAKE_CROSSCOMPILING_EMULATOR} \"${CMDSRV_LIBEXEC_OUTPUT}/iiab-cmdsrv-step\")")
install(CODE [[
  execute_process(COMMAND ${step} --links
                  OUTPUT_VARIABLE names OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  string(REPLACE "\n" ";" names "${names}")
  list(REMOVE_ITEM names iiab-make-kiwix-lib)
  foreach(directory bin share/man/man1 share/man/man8)
    file(MAKE_DIRECTORY "$ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}/${directory}")
  endforeach()
  foreach(module db net zim zip)
    file(CREATE_LINK iiab-cmdsrv-step.8 "$ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}/share/man/man8/iiab-cmdsrv-${module}.so.8"
         SYMBOLIC)
  endforeach()
  foreach(name ${names})
    message(STATUS "Link: ${CMAKE_INSTALL_PREFIX}/bin/${name}")
    file(CREATE_LINK ../libexec/iiab-cmdsrv-step "$ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}/bin/${name}" SYMBOLIC)
    file(CREATE_LINK ../man8/iiab-cmdsrv-step.8 "$ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}/share/man/man1/${name}.1" SYMBOLIC)
  endforeach()
]])

foreach(unit iiab-cmdsrv.service iiab-cmdsrv-gateway.service iiab-cmdsrv-gateway.socket)
  configure_file(packaging/systemd/${unit}.in ${CMAKE_BINARY_DIR}/packaging/${unit} @ONLY)
  install(FILES ${CMAKE_BINARY_DIR}/packaging/${unit} DESTINATION ${CMDSRV_SYSTEMD_DIR})
endforeach()
install(FILES packaging/sysusers/iiab-cmdsrv-gateway.conf DESTINATION lib/sysusers.d)
install(FILES packaging/tmpfiles/iiab-cmdsrv.conf packaging/tmpfiles/iiab-cmdsrv-gateway.conf DESTINATION lib/tmpfiles.d)
install(FILES packaging/nginx/iiab-cmd-service.conf DESTINATION ${CMAKE_INSTALL_DATADIR}/iiab-cmdsrv-gateway/nginx)
install(FILES packaging/completion/iiab-cmdsrv-ctl DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(FILES packaging/man/iiab-cmdsrv-ctl.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES packaging/man/cmdsrv.conf.5 packaging/man/cmdsrv-gateway.conf.5 DESTINATION ${CMAKE_INSTALL_MANDIR}/man5)
install(FILES packaging/man/iiab-cmdsrv.8 packaging/man/iiab-cmdsrv-gateway.8 packaging/man/iiab-cmdsrv-shim.8
              packaging/man/iiab-cmdsrv-step.8
        DESTINATION ${CMAKE_INSTALL_MANDIR}/man8)
