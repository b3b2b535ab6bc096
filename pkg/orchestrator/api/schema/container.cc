// Containers: ports, environment, probes, resources, security (core/v1).
#include "orchestrator/api/schema/defaults.h"
#include "orchestrator/api/schema/schemas.h"

namespace appliance::orchestrator::api::core {

constexpr Field kLocalObjectReferenceFields[] = {
    str("name", 1),
};
constinit const Schema kLocalObjectReference = {.id = "io.k8s.api.core.v1.LocalObjectReference",
                                                .name = "LocalObjectReference",
                                                .fields = kLocalObjectReferenceFields,
                                                .is_map_atomic = true};

constexpr Field kObjectFieldSelectorFields[] = {
    str("apiVersion", 1).def("\"v1\""),
    str("fieldPath", 2).always().required(),
};
constinit const Schema kObjectFieldSelector = {.id = "io.k8s.api.core.v1.ObjectFieldSelector",
                                               .name = "ObjectFieldSelector",
                                               .fields = kObjectFieldSelectorFields,
                                               .is_map_atomic = true};

constexpr Field kResourceFieldSelectorFields[] = {
    str("containerName", 1),
    str("resource", 2).always().required(),
    quantity("divisor", 3).def("\"0\""),
};
constinit const Schema kResourceFieldSelector = {.id = "io.k8s.api.core.v1.ResourceFieldSelector",
                                                 .name = "ResourceFieldSelector",
                                                 .fields = kResourceFieldSelectorFields,
                                                 .is_map_atomic = true};

constexpr Field kContainerPortFields[] = {
    str("name", 1).desc("Name that services can refer to."),
    i32("hostPort", 2).desc("Port of the node that leads here."),
    i32("containerPort", 3).always().required().desc("Number of the port."),
    str("protocol", 4).go("v1.Protocol").def("\"TCP\"").one_of("SCTP|TCP|UDP").desc("TCP, UDP or SCTP."),
    str("hostIP", 5).desc("Address of the node that hostPort listens on."),
};
constinit const Schema kContainerPort = {.id = "io.k8s.api.core.v1.ContainerPort",
                                         .name = "ContainerPort",
                                         .description = "A port that a container listens on.",
                                         .fields = kContainerPortFields};

constexpr Field kConfigMapEnvSourceFields[] = {
    inlined(1, kLocalObjectReference),
    boolean("optional", 2).pointer().desc("Whether it may be missing."),
};
constinit const Schema kConfigMapEnvSource = {
    .id = "io.k8s.api.core.v1.ConfigMapEnvSource", .name = "ConfigMapEnvSource", .fields = kConfigMapEnvSourceFields};

constexpr Field kSecretEnvSourceFields[] = {
    inlined(1, kLocalObjectReference),
    boolean("optional", 2).pointer().desc("Whether it may be missing."),
};
constinit const Schema kSecretEnvSource = {
    .id = "io.k8s.api.core.v1.SecretEnvSource", .name = "SecretEnvSource", .fields = kSecretEnvSourceFields};

constexpr Field kEnvFromSourceFields[] = {
    str("prefix", 1).desc("Text in front of each name."),
    obj("configMapRef", 2, kConfigMapEnvSource).pointer().desc("The ConfigMap."),
    obj("secretRef", 3, kSecretEnvSource).pointer().desc("The Secret."),
};
constinit const Schema kEnvFromSource = {.id = "io.k8s.api.core.v1.EnvFromSource",
                                         .name = "EnvFromSource",
                                         .description = "All keys of a ConfigMap or Secret as variables.",
                                         .fields = kEnvFromSourceFields};

constexpr Field kConfigMapKeySelectorFields[] = {
    inlined(1, kLocalObjectReference),
    str("key", 2).always().required(),
    boolean("optional", 3).pointer().desc("Whether it may be missing."),
};
constinit const Schema kConfigMapKeySelector = {.id = "io.k8s.api.core.v1.ConfigMapKeySelector",
                                                .name = "ConfigMapKeySelector",
                                                .fields = kConfigMapKeySelectorFields,
                                                .is_map_atomic = true};

constexpr Field kSecretKeySelectorFields[] = {
    inlined(1, kLocalObjectReference),
    str("key", 2).always().required(),
    boolean("optional", 3).pointer().desc("Whether it may be missing."),
};
constinit const Schema kSecretKeySelector = {.id = "io.k8s.api.core.v1.SecretKeySelector",
                                             .name = "SecretKeySelector",
                                             .fields = kSecretKeySelectorFields,
                                             .is_map_atomic = true};

constexpr Field kEnvVarSourceFields[] = {
    obj("fieldRef", 1, kObjectFieldSelector).pointer().desc("A field of the pod."),
    obj("resourceFieldRef", 2, kResourceFieldSelector).pointer().desc("A resource of a container."),
    obj("configMapKeyRef", 3, kConfigMapKeySelector).pointer().desc("A key of a ConfigMap."),
    obj("secretKeyRef", 4, kSecretKeySelector).pointer().desc("A key of a Secret."),
};
constinit const Schema kEnvVarSource = {.id = "io.k8s.api.core.v1.EnvVarSource",
                                        .name = "EnvVarSource",
                                        .description = "Where the value of a variable comes from.",
                                        .fields = kEnvVarSourceFields};

constexpr Field kEnvVarFields[] = {
    str("name", 1).always().required().desc("Name of the variable."),
    str("value", 2).desc("Value; $(NAME) stands for other variables."),
    obj("valueFrom", 3, kEnvVarSource).pointer().desc("Where the value comes from."),
};
constinit const Schema kEnvVar = {.id = "io.k8s.api.core.v1.EnvVar",
                                  .name = "EnvVar",
                                  .description = "An environment variable.",
                                  .fields = kEnvVarFields};

constexpr Field kResourceClaimFields[] = {
    str("name", 1).always().required(),
    str("request", 2),
};
constinit const Schema kResourceClaim = {
    .id = "io.k8s.api.core.v1.ResourceClaim", .name = "ResourceClaim", .fields = kResourceClaimFields};

constexpr Field kResourceRequirementsFields[] = {
    quantity("limits", 1).map().go("v1.ResourceList").desc("The most that may be used."),
    quantity("requests", 2).map().go("v1.ResourceList").desc("What is set aside; the limits when absent."),
    obj("claims", 3, kResourceClaim).list().keyed("name").desc("Claims on devices."),
};
constinit const Schema kResourceRequirements = {.id = "io.k8s.api.core.v1.ResourceRequirements",
                                                .name = "ResourceRequirements",
                                                .description = "Requests and limits of resources.",
                                                .fields = kResourceRequirementsFields};

constexpr Field kContainerResizePolicyFields[] = {
    str("resourceName", 1).always().required().go("v1.ResourceName"),
    str("restartPolicy", 2).always().required().go("v1.ResourceResizeRestartPolicy"),
};
constinit const Schema kContainerResizePolicy = {.id = "io.k8s.api.core.v1.ContainerResizePolicy",
                                                 .name = "ContainerResizePolicy",
                                                 .fields = kContainerResizePolicyFields};

constexpr Field kVolumeMountFields[] = {
    str("name", 1).always().required().desc("Name of the volume."),
    boolean("readOnly", 2).desc("Whether writing is refused."),
    str("recursiveReadOnly", 7).pointer().go("v1.RecursiveReadOnlyMode"),
    str("mountPath", 3).always().required().desc("Path in the container."),
    str("subPath", 4).desc("Path in the volume; its root when empty."),
    str("mountPropagation", 5)
        .pointer()
        .go("v1.MountPropagationMode")
        .one_of("Bidirectional|HostToContainer|None")
        .desc("How mounts travel between host and container."),
    str("subPathExpr", 6).desc("As subPath, with $(NAME) for environment variables."),
};
constinit const Schema kVolumeMount = {.id = "io.k8s.api.core.v1.VolumeMount",
                                       .name = "VolumeMount",
                                       .description = "Where a volume is mounted.",
                                       .fields = kVolumeMountFields};

constexpr Field kVolumeDeviceFields[] = {
    str("name", 1).always().required(),
    str("devicePath", 2).always().required(),
};
constinit const Schema kVolumeDevice = {
    .id = "io.k8s.api.core.v1.VolumeDevice", .name = "VolumeDevice", .fields = kVolumeDeviceFields};

constexpr Field kExecActionFields[] = {
    str("command", 1).list().atomic(),
};
constinit const Schema kExecAction = {
    .id = "io.k8s.api.core.v1.ExecAction", .name = "ExecAction", .fields = kExecActionFields};

constexpr Field kHTTPHeaderFields[] = {
    str("name", 1).always().required(),
    str("value", 2).always().required(),
};
constinit const Schema kHTTPHeader = {
    .id = "io.k8s.api.core.v1.HTTPHeader", .name = "HTTPHeader", .fields = kHTTPHeaderFields};

constexpr Field kHTTPGetActionFields[] = {
    str("path", 1).def("\"/\"").desc("Path of the URL."),
    int_or_string("port", 2).always().required().desc("Port, by number or name."),
    str("host", 3).desc("Host name; the pod's address when empty."),
    str("scheme", 4).go("v1.URIScheme").def("\"HTTP\"").one_of("HTTP|HTTPS").desc("HTTP or HTTPS."),
    obj("httpHeaders", 5, kHTTPHeader).list().atomic().desc("Extra headers."),
};
constinit const Schema kHTTPGetAction = {
    .id = "io.k8s.api.core.v1.HTTPGetAction", .name = "HTTPGetAction", .fields = kHTTPGetActionFields};

constexpr Field kTCPSocketActionFields[] = {
    int_or_string("port", 1).always().required(),
    str("host", 2),
};
constinit const Schema kTCPSocketAction = {
    .id = "io.k8s.api.core.v1.TCPSocketAction", .name = "TCPSocketAction", .fields = kTCPSocketActionFields};

constexpr Field kGRPCActionFields[] = {
    i32("port", 1).always().required(),
    str("service", 2).pointer().always().def("\"\""),
};
constinit const Schema kGRPCAction = {
    .id = "io.k8s.api.core.v1.GRPCAction", .name = "GRPCAction", .fields = kGRPCActionFields};

constexpr Field kProbeHandlerFields[] = {
    obj("exec", 1, kExecAction).pointer().desc("Run a command in the container; exit code 0 is success."),
    obj("httpGet", 2, kHTTPGetAction).pointer().desc("Get a URL; a status from 200 to 399 is success."),
    obj("tcpSocket", 3, kTCPSocketAction).pointer().desc("Open a connection."),
    obj("grpc", 4, kGRPCAction).pointer().desc("Call the gRPC health service."),
};
constinit const Schema kProbeHandler = {
    .id = "io.k8s.api.core.v1.ProbeHandler", .name = "ProbeHandler", .fields = kProbeHandlerFields};

constexpr Field kProbeFields[] = {
    inlined(1, kProbeHandler),
    i32("initialDelaySeconds", 2).desc("Seconds from the container's start to the first check."),
    i32("timeoutSeconds", 3).def("1").desc("Seconds after which a check has failed."),
    i32("periodSeconds", 4).def("10").desc("Seconds between checks."),
    i32("successThreshold", 5).def("1").desc("Successes in a row that make it succeed after a failure."),
    i32("failureThreshold", 6).def("3").desc("Failures in a row that make it fail."),
    i64("terminationGracePeriodSeconds", 7)
        .pointer()
        .desc("Seconds between stop signal and kill when this probe has failed."),
};
constinit const Schema kProbe = {.id = "io.k8s.api.core.v1.Probe",
                                 .name = "Probe",
                                 .description = "A check of a container.",
                                 .fields = kProbeFields};

constexpr Field kSleepActionFields[] = {
    i64("seconds", 1).always().required(),
};
constinit const Schema kSleepAction = {
    .id = "io.k8s.api.core.v1.SleepAction", .name = "SleepAction", .fields = kSleepActionFields};

constexpr Field kLifecycleHandlerFields[] = {
    obj("exec", 1, kExecAction).pointer(),
    obj("httpGet", 2, kHTTPGetAction).pointer(),
    obj("tcpSocket", 3, kTCPSocketAction).pointer(),
    obj("sleep", 4, kSleepAction).pointer(),
};
constinit const Schema kLifecycleHandler = {
    .id = "io.k8s.api.core.v1.LifecycleHandler", .name = "LifecycleHandler", .fields = kLifecycleHandlerFields};

constexpr Field kLifecycleFields[] = {
    obj("postStart", 1, kLifecycleHandler).pointer().desc("Runs right after the container's start."),
    obj("preStop", 2, kLifecycleHandler).pointer().desc("Runs before the stop signal; counts into the grace period."),
};
constinit const Schema kLifecycle = {
    .id = "io.k8s.api.core.v1.Lifecycle", .name = "Lifecycle", .fields = kLifecycleFields};

constexpr Field kCapabilitiesFields[] = {
    str("add", 1).list().atomic().go("v1.Capability"),
    str("drop", 2).list().atomic().go("v1.Capability"),
};
constinit const Schema kCapabilities = {
    .id = "io.k8s.api.core.v1.Capabilities", .name = "Capabilities", .fields = kCapabilitiesFields};

constexpr Field kSELinuxOptionsFields[] = {
    str("user", 1),
    str("role", 2),
    str("type", 3),
    str("level", 4),
};
constinit const Schema kSELinuxOptions = {
    .id = "io.k8s.api.core.v1.SELinuxOptions", .name = "SELinuxOptions", .fields = kSELinuxOptionsFields};

constexpr Field kWindowsSecurityContextOptionsFields[] = {
    str("gmsaCredentialSpecName", 1).pointer(),
    str("gmsaCredentialSpec", 2).pointer(),
    str("runAsUserName", 3).pointer(),
    boolean("hostProcess", 4).pointer(),
};
constinit const Schema kWindowsSecurityContextOptions = {.id = "io.k8s.api.core.v1.WindowsSecurityContextOptions",
                                                         .name = "WindowsSecurityContextOptions",
                                                         .fields = kWindowsSecurityContextOptionsFields};

constexpr Field kSeccompProfileFields[] = {
    str("type", 1).always().required().go("v1.SeccompProfileType").one_of("Localhost|RuntimeDefault|Unconfined"),
    str("localhostProfile", 2).pointer(),
};
constinit const Schema kSeccompProfile = {
    .id = "io.k8s.api.core.v1.SeccompProfile", .name = "SeccompProfile", .fields = kSeccompProfileFields};

constexpr Field kAppArmorProfileFields[] = {
    str("type", 1).always().required().go("v1.AppArmorProfileType").one_of("Localhost|RuntimeDefault|Unconfined"),
    str("localhostProfile", 2).pointer(),
};
constinit const Schema kAppArmorProfile = {
    .id = "io.k8s.api.core.v1.AppArmorProfile", .name = "AppArmorProfile", .fields = kAppArmorProfileFields};

constexpr Field kSecurityContextFields[] = {
    obj("capabilities", 1, kCapabilities).pointer().desc("Capabilities to add and drop."),
    boolean("privileged", 2).pointer().desc("Whether the container has the powers of root on the node."),
    obj("seLinuxOptions", 3, kSELinuxOptions).pointer(),
    obj("windowsOptions", 10, kWindowsSecurityContextOptions).pointer(),
    i64("runAsUser", 4).pointer().desc("User id of the process."),
    i64("runAsGroup", 8).pointer().desc("Group id of the process."),
    boolean("runAsNonRoot", 5).pointer().desc("Whether running as root is refused."),
    boolean("readOnlyRootFilesystem", 6).pointer().desc("Whether the root file system is read-only."),
    boolean("allowPrivilegeEscalation", 7)
        .pointer()
        .desc("Whether a process may gain more privileges than its parent."),
    str("procMount", 9).pointer().go("v1.ProcMountType").one_of("Default|Unmasked"),
    obj("seccompProfile", 11, kSeccompProfile).pointer().desc("System call filter."),
    obj("appArmorProfile", 12, kAppArmorProfile).pointer(),
};
constinit const Schema kSecurityContext = {.id = "io.k8s.api.core.v1.SecurityContext",
                                           .name = "SecurityContext",
                                           .description = "Security settings of a container.",
                                           .fields = kSecurityContextFields};

constexpr Field kContainerFields[] = {
    str("name", 1).always().required().desc("Name, unique in the pod."),
    str("image", 2).desc("Image to run."),
    str("command", 3).list().atomic().desc("Program and first arguments; the image's entry point when empty."),
    str("args", 4).list().atomic().desc("Arguments; the image's when empty."),
    str("workingDir", 5).desc("Working directory; the image's when empty."),
    obj("ports", 6, kContainerPort)
        .list()
        .keyed("containerPort,protocol")
        .merge("containerPort")
        .desc("Ports that the container listens on."),
    obj("envFrom", 19, kEnvFromSource)
        .list()
        .atomic()
        .desc("ConfigMaps and Secrets whose keys become environment variables."),
    obj("env", 7, kEnvVar).list().keyed("name").merge("name").desc("Environment variables."),
    obj("resources", 8, kResourceRequirements).def("{}").desc("Resources that are requested, and limits on them."),
    obj("resizePolicy", 23, kContainerResizePolicy)
        .list()
        .atomic()
        .desc("Whether a change of resources restarts the container."),
    str("restartPolicy", 24)
        .pointer()
        .go("v1.ContainerRestartPolicy")
        .desc("For init containers: Always makes a sidecar."),
    obj("volumeMounts", 9, kVolumeMount)
        .list()
        .keyed("mountPath")
        .merge("mountPath")
        .desc("Volumes and where they are mounted."),
    obj("volumeDevices", 21, kVolumeDevice)
        .list()
        .keyed("devicePath")
        .merge("devicePath")
        .desc("Block devices and where they appear."),
    obj("livenessProbe", 10, kProbe).pointer().desc("Check whose failure restarts the container."),
    obj("readinessProbe", 11, kProbe).pointer().desc("Check whose failure takes the pod out of its services."),
    obj("startupProbe", 22, kProbe).pointer().desc("Check that must succeed before the other probes begin."),
    obj("lifecycle", 12, kLifecycle).pointer().desc("What is done after the start and before the stop."),
    str("terminationMessagePath", 13)
        .def("\"/dev/termination-log\"")
        .desc("File whose content becomes the message of a termination."),
    str("terminationMessagePolicy", 20)
        .go("v1.TerminationMessagePolicy")
        .def("\"File\"")
        .one_of("FallbackToLogsOnError|File")
        .desc("File, or FallbackToLogsOnError: the end of the log when the file is empty."),
    str("imagePullPolicy", 14)
        .go("v1.PullPolicy")
        .one_of("Always|IfNotPresent|Never")
        .desc("When the image is pulled: Always, IfNotPresent or Never."),
    obj("securityContext", 15, kSecurityContext).pointer().desc("Security settings; they come before the pod's."),
    boolean("stdin", 16).desc("Whether standard input stays open."),
    boolean("stdinOnce", 17).desc("Whether standard input closes after the first attach."),
    boolean("tty", 18).desc("Whether the container gets a terminal."),
};
constinit const Schema kContainer = {.id = "io.k8s.api.core.v1.Container",
                                     .name = "Container",
                                     .description = "A program of an image, run in a pod.",
                                     .fields = kContainerFields,
                                     .defaults = default_container};

constexpr Field kEphemeralContainerCommonFields[] = {
    str("name", 1).always().required().desc("Name, unique in the pod."),
    str("image", 2).desc("Image to run."),
    str("command", 3).list().atomic().desc("Program and first arguments; the image's entry point when empty."),
    str("args", 4).list().atomic().desc("Arguments; the image's when empty."),
    str("workingDir", 5).desc("Working directory; the image's when empty."),
    obj("ports", 6, kContainerPort)
        .list()
        .keyed("containerPort,protocol")
        .merge("containerPort")
        .desc("Ports that the container listens on."),
    obj("envFrom", 19, kEnvFromSource)
        .list()
        .atomic()
        .desc("ConfigMaps and Secrets whose keys become environment variables."),
    obj("env", 7, kEnvVar).list().keyed("name").merge("name").desc("Environment variables."),
    obj("resources", 8, kResourceRequirements).def("{}").desc("Resources that are requested, and limits on them."),
    obj("resizePolicy", 23, kContainerResizePolicy)
        .list()
        .atomic()
        .desc("Whether a change of resources restarts the container."),
    str("restartPolicy", 24)
        .pointer()
        .go("v1.ContainerRestartPolicy")
        .desc("For init containers: Always makes a sidecar."),
    obj("volumeMounts", 9, kVolumeMount)
        .list()
        .keyed("mountPath")
        .merge("mountPath")
        .desc("Volumes and where they are mounted."),
    obj("volumeDevices", 21, kVolumeDevice)
        .list()
        .keyed("devicePath")
        .merge("devicePath")
        .desc("Block devices and where they appear."),
    obj("livenessProbe", 10, kProbe).pointer().desc("Check whose failure restarts the container."),
    obj("readinessProbe", 11, kProbe).pointer().desc("Check whose failure takes the pod out of its services."),
    obj("startupProbe", 22, kProbe).pointer().desc("Check that must succeed before the other probes begin."),
    obj("lifecycle", 12, kLifecycle).pointer().desc("What is done after the start and before the stop."),
    str("terminationMessagePath", 13)
        .def("\"/dev/termination-log\"")
        .desc("File whose content becomes the message of a termination."),
    str("terminationMessagePolicy", 20)
        .go("v1.TerminationMessagePolicy")
        .def("\"File\"")
        .one_of("FallbackToLogsOnError|File")
        .desc("File, or FallbackToLogsOnError: the end of the log when the file is empty."),
    str("imagePullPolicy", 14)
        .go("v1.PullPolicy")
        .one_of("Always|IfNotPresent|Never")
        .desc("When the image is pulled: Always, IfNotPresent or Never."),
    obj("securityContext", 15, kSecurityContext).pointer().desc("Security settings; they come before the pod's."),
    boolean("stdin", 16).desc("Whether standard input stays open."),
    boolean("stdinOnce", 17).desc("Whether standard input closes after the first attach."),
    boolean("tty", 18).desc("Whether the container gets a terminal."),
};
constinit const Schema kEphemeralContainerCommon = {.id = "io.k8s.api.core.v1.EphemeralContainerCommon",
                                                    .name = "EphemeralContainerCommon",
                                                    .fields = kEphemeralContainerCommonFields,
                                                    .defaults = default_container};

constexpr Field kEphemeralContainerFields[] = {
    inlined(1, kEphemeralContainerCommon),
    str("targetContainerName", 2),
};
constinit const Schema kEphemeralContainer = {
    .id = "io.k8s.api.core.v1.EphemeralContainer", .name = "EphemeralContainer", .fields = kEphemeralContainerFields};

}  // namespace appliance::orchestrator::api::core
