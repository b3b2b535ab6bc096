# The modules in the order of their layers. An edge that is not here does not link; tests/tidy checks the includes as well.

# L0 base
module(base base LIBS Threads::Threads LABELS threads)
module(base_json base/json DEPS base LIBS boost_json)
module(base_yaml base/yaml DEPS base base_json LIBS yaml-cpp COLD)
module(base_crypto base/crypto DEPS base LIBS ssl crypto)
module(base_sqlite base/sqlite DEPS base LIBS sqlite3 m)
module(base_compress base/compress DEPS base LIBS z zstd deflate)
module(base_tar base/tar DEPS base base_compress COLD)

# L1 net
module(net_loop net/loop DEPS base LABELS threads)
module(net_tls net/tls DEPS base base_crypto LIBS ssl crypto)
module(net_http net/http DEPS net_loop net_tls base_crypto RECURSE LABELS threads)
# cpp-httplib comes from scripts/fetch-httplib; one file includes it.
set_source_files_properties(${CMAKE_SOURCE_DIR}/pkg/net/http/client.cc PROPERTIES INCLUDE_DIRECTORIES ${CMAKE_SOURCE_DIR}/build/third_party/httplib)
module(net_netlink net/netlink DEPS base)
module(net_nft net/nft DEPS net_netlink)
module(net_dns net/dns DEPS base LIBS cares)

# L2 store
module(store_wal store/wal DEPS base)
module(store_raft store/raft DEPS base store_wal)
module(store_transport store/transport DEPS base store_raft)
module(store_lease store/lease DEPS base)
module(store_mvcc store/mvcc DEPS base base_sqlite)
module(store store DEPS base LABELS threads)
module(store_server store/server DEPS store store_wal store_mvcc store_lease LABELS threads)

# L2 runtime
module(runtime_oci runtime/oci DEPS base base_json LIBS COLD)

module(runtime_registry runtime/registry DEPS runtime_oci net_http base_crypto COLD)
module(runtime_content runtime/content DEPS base base_compress base_crypto)
module(runtime_snapshot runtime/snapshot DEPS base base_tar base_compress)
module(runtime_image runtime/image DEPS runtime_oci runtime_registry runtime_content runtime_snapshot base_tar base_compress base_crypto net_http LABELS threads COLD)
module(runtime_cgroup runtime/cgroup DEPS base COLD)
module(runtime_seccomp runtime/seccomp DEPS base runtime_caps LIBS seccomp COLD)
module(runtime_caps runtime/caps DEPS base COLD)
module(runtime_rootfs runtime/rootfs DEPS base COLD)
module(runtime_stage runtime/stage DEPS base)
module(runtime_sandbox runtime/sandbox DEPS base runtime_stage)
module(runtime_container runtime/container DEPS base runtime_stage runtime_cgroup runtime_seccomp runtime_caps runtime_rootfs)
module(runtime_cri runtime/cri DEPS runtime_container runtime_sandbox runtime_image runtime_registry runtime_content runtime_snapshot base_json LABELS threads COLD)

# L3 orchestrator
module(api orchestrator/api DEPS base base_json base_yaml RECURSE)
module(client orchestrator/client DEPS api net_http LABELS threads)
module(apiserver orchestrator/apiserver DEPS api client store net_http base_crypto base_yaml RECURSE LABELS threads)
# The dashboard's part of it waits for people.
file(GLOB web_ui_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/pkg/orchestrator/apiserver/live/*.cc
     ${CMAKE_SOURCE_DIR}/pkg/orchestrator/apiserver/sessions.cc ${CMAKE_SOURCE_DIR}/pkg/orchestrator/apiserver/web_ui.cc)
set_source_files_properties(${web_ui_sources} PROPERTIES COMPILE_OPTIONS "${APP_COLD}")
module(controllers orchestrator/controllers DEPS api client net_netlink base_crypto TEST_DEPS apiserver RECURSE LABELS threads COLD)
module(scheduler orchestrator/scheduler DEPS api client controllers)
module(podnet orchestrator/podnet DEPS base net_netlink net_nft LABELS threads COLD)
module(proxy orchestrator/proxy DEPS api client net_nft TEST_DEPS podnet)
module(dns orchestrator/dns DEPS api client net_dns net_netlink LABELS threads)
module(kubelet orchestrator/kubelet DEPS api client dns runtime_cri podnet net_http RECURSE LABELS threads COLD)

# L5 node
module(node node DEPS base_compress net_dns apiserver controllers scheduler kubelet podnet proxy dns store_server runtime_cri base_crypto base_yaml RECURSE COLD)
