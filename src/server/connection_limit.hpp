#pragma once

namespace cmdsrv {

/// From now on a connection that would take one of the last descriptors of this process is closed as soon as it is
/// accepted. Without this the process ends: libzmq 4.3 calls abort() when accept() finds no free descriptor, so anybody
/// who may connect could end the server. The descriptors kept back are for database, files and programs.
///
/// It works by defining accept() and accept4() in this program, where libzmq finds them before those of libc. Call
/// once, after the limit of descriptors was raised.
void KeepDescriptorsFree();

}  // namespace cmdsrv
