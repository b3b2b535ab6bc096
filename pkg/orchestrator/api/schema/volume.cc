// Volumes and their sources (core/v1).
#include "orchestrator/api/schema/defaults.h"
#include "orchestrator/api/schema/schemas.h"

namespace appliance::orchestrator::api::core {

constexpr Field kHostPathVolumeSourceFields[] = {
    str("path", 1).always().required().desc("Path on the node."),
    str("type", 2)
        .pointer()
        .go("v1.HostPathType")
        .def("\"\"")
        .one_of("|BlockDevice|CharDevice|Directory|DirectoryOrCreate|File|FileOrCreate|Socket")
        .desc("What must be there: Directory, File, Socket, or created when missing."),
};
constinit const Schema kHostPathVolumeSource = {.id = "io.k8s.api.core.v1.HostPathVolumeSource",
                                                .name = "HostPathVolumeSource",
                                                .fields = kHostPathVolumeSourceFields};

constexpr Field kEmptyDirVolumeSourceFields[] = {
    str("medium", 1).go("v1.StorageMedium").desc("Memory for a tmpfs; empty for the node's disk."),
    quantity("sizeLimit", 2).pointer().desc("The most it may hold."),
};
constinit const Schema kEmptyDirVolumeSource = {.id = "io.k8s.api.core.v1.EmptyDirVolumeSource",
                                                .name = "EmptyDirVolumeSource",
                                                .fields = kEmptyDirVolumeSourceFields};

constexpr Field kGCEPersistentDiskVolumeSourceFields[] = {
    str("pdName", 1).always().required(),
    str("fsType", 2).desc("File system of the volume."),
    i32("partition", 3),
    boolean("readOnly", 4).desc("Whether writing is refused."),
};
constinit const Schema kGCEPersistentDiskVolumeSource = {.id = "io.k8s.api.core.v1.GCEPersistentDiskVolumeSource",
                                                         .name = "GCEPersistentDiskVolumeSource",
                                                         .fields = kGCEPersistentDiskVolumeSourceFields};

constexpr Field kAWSElasticBlockStoreVolumeSourceFields[] = {
    str("volumeID", 1).always().required().desc("Identity of the volume at its provider."),
    str("fsType", 2).desc("File system of the volume."),
    i32("partition", 3),
    boolean("readOnly", 4).desc("Whether writing is refused."),
};
constinit const Schema kAWSElasticBlockStoreVolumeSource = {.id = "io.k8s.api.core.v1.AWSElasticBlockStoreVolumeSource",
                                                            .name = "AWSElasticBlockStoreVolumeSource",
                                                            .fields = kAWSElasticBlockStoreVolumeSourceFields};

constexpr Field kGitRepoVolumeSourceFields[] = {
    str("repository", 1).always().required(),
    str("revision", 2),
    str("directory", 3),
};
constinit const Schema kGitRepoVolumeSource = {.id = "io.k8s.api.core.v1.GitRepoVolumeSource",
                                               .name = "GitRepoVolumeSource",
                                               .fields = kGitRepoVolumeSourceFields};

constexpr Field kKeyToPathFields[] = {
    str("key", 1).always().required(),
    str("path", 2).always().required(),
    i32("mode", 3).pointer(),
};
constinit const Schema kKeyToPath = {
    .id = "io.k8s.api.core.v1.KeyToPath", .name = "KeyToPath", .fields = kKeyToPathFields};

constexpr Field kSecretVolumeSourceFields[] = {
    str("secretName", 1),
    obj("items", 2, kKeyToPath)
        .list()
        .atomic()
        .desc("Which keys become which files; none: all keys, under their names."),
    i32("defaultMode", 3).pointer().def("420").desc("Permission bits of files that name none; octal in YAML."),
    boolean("optional", 4).pointer().desc("Whether it may be missing."),
};
constinit const Schema kSecretVolumeSource = {
    .id = "io.k8s.api.core.v1.SecretVolumeSource", .name = "SecretVolumeSource", .fields = kSecretVolumeSourceFields};

constexpr Field kNFSVolumeSourceFields[] = {
    str("server", 1).always().required(),
    str("path", 2).always().required(),
    boolean("readOnly", 3).desc("Whether writing is refused."),
};
constinit const Schema kNFSVolumeSource = {
    .id = "io.k8s.api.core.v1.NFSVolumeSource", .name = "NFSVolumeSource", .fields = kNFSVolumeSourceFields};

constexpr Field kISCSIVolumeSourceFields[] = {
    str("targetPortal", 1).always().required(),
    str("iqn", 2).always().required(),
    i32("lun", 3).always().required(),
    str("iscsiInterface", 4).def("\"default\""),
    str("fsType", 5).desc("File system of the volume."),
    boolean("readOnly", 6).desc("Whether writing is refused."),
    str("portals", 7).list().atomic(),
    boolean("chapAuthDiscovery", 8),
    boolean("chapAuthSession", 11),
    obj("secretRef", 10, kLocalObjectReference).pointer().desc("Secret with the credentials."),
    str("initiatorName", 12).pointer(),
};
constinit const Schema kISCSIVolumeSource = {
    .id = "io.k8s.api.core.v1.ISCSIVolumeSource", .name = "ISCSIVolumeSource", .fields = kISCSIVolumeSourceFields};

constexpr Field kGlusterfsVolumeSourceFields[] = {
    str("endpoints", 1).always().required(),
    str("path", 2).always().required(),
    boolean("readOnly", 3).desc("Whether writing is refused."),
};
constinit const Schema kGlusterfsVolumeSource = {.id = "io.k8s.api.core.v1.GlusterfsVolumeSource",
                                                 .name = "GlusterfsVolumeSource",
                                                 .fields = kGlusterfsVolumeSourceFields};

constexpr Field kPersistentVolumeClaimVolumeSourceFields[] = {
    str("claimName", 1).always().required(),
    boolean("readOnly", 2).desc("Whether writing is refused."),
};
constinit const Schema kPersistentVolumeClaimVolumeSource = {
    .id = "io.k8s.api.core.v1.PersistentVolumeClaimVolumeSource",
    .name = "PersistentVolumeClaimVolumeSource",
    .fields = kPersistentVolumeClaimVolumeSourceFields};

constexpr Field kRBDVolumeSourceFields[] = {
    str("monitors", 1).list().always().required().atomic(),
    str("image", 2).always().required(),
    str("fsType", 3).desc("File system of the volume."),
    str("pool", 4).def("\"rbd\""),
    str("user", 5).def("\"admin\""),
    str("keyring", 6).def("\"/etc/ceph/keyring\""),
    obj("secretRef", 7, kLocalObjectReference).pointer().desc("Secret with the credentials."),
    boolean("readOnly", 8).desc("Whether writing is refused."),
};
constinit const Schema kRBDVolumeSource = {
    .id = "io.k8s.api.core.v1.RBDVolumeSource", .name = "RBDVolumeSource", .fields = kRBDVolumeSourceFields};

constexpr Field kFlexVolumeSourceFields[] = {
    str("driver", 1).always().required(),
    str("fsType", 2).desc("File system of the volume."),
    obj("secretRef", 3, kLocalObjectReference).pointer().desc("Secret with the credentials."),
    boolean("readOnly", 4).desc("Whether writing is refused."),
    str("options", 5).map(),
};
constinit const Schema kFlexVolumeSource = {
    .id = "io.k8s.api.core.v1.FlexVolumeSource", .name = "FlexVolumeSource", .fields = kFlexVolumeSourceFields};

constexpr Field kCinderVolumeSourceFields[] = {
    str("volumeID", 1).always().required().desc("Identity of the volume at its provider."),
    str("fsType", 2).desc("File system of the volume."),
    boolean("readOnly", 3).desc("Whether writing is refused."),
    obj("secretRef", 4, kLocalObjectReference).pointer().desc("Secret with the credentials."),
};
constinit const Schema kCinderVolumeSource = {
    .id = "io.k8s.api.core.v1.CinderVolumeSource", .name = "CinderVolumeSource", .fields = kCinderVolumeSourceFields};

constexpr Field kCephFSVolumeSourceFields[] = {
    str("monitors", 1).list().always().required().atomic(),
    str("path", 2),
    str("user", 3),
    str("secretFile", 4),
    obj("secretRef", 5, kLocalObjectReference).pointer().desc("Secret with the credentials."),
    boolean("readOnly", 6).desc("Whether writing is refused."),
};
constinit const Schema kCephFSVolumeSource = {
    .id = "io.k8s.api.core.v1.CephFSVolumeSource", .name = "CephFSVolumeSource", .fields = kCephFSVolumeSourceFields};

constexpr Field kFlockerVolumeSourceFields[] = {
    str("datasetName", 1),
    str("datasetUUID", 2),
};
constinit const Schema kFlockerVolumeSource = {.id = "io.k8s.api.core.v1.FlockerVolumeSource",
                                               .name = "FlockerVolumeSource",
                                               .fields = kFlockerVolumeSourceFields};

constexpr Field kDownwardAPIVolumeFileFields[] = {
    str("path", 1).always().required(),
    obj("fieldRef", 2, kObjectFieldSelector).pointer(),
    obj("resourceFieldRef", 3, kResourceFieldSelector).pointer(),
    i32("mode", 4).pointer(),
};
constinit const Schema kDownwardAPIVolumeFile = {.id = "io.k8s.api.core.v1.DownwardAPIVolumeFile",
                                                 .name = "DownwardAPIVolumeFile",
                                                 .fields = kDownwardAPIVolumeFileFields};

constexpr Field kDownwardAPIVolumeSourceFields[] = {
    obj("items", 1, kDownwardAPIVolumeFile)
        .list()
        .atomic()
        .desc("Which keys become which files; none: all keys, under their names."),
    i32("defaultMode", 2).pointer().def("420").desc("Permission bits of files that name none; octal in YAML."),
};
constinit const Schema kDownwardAPIVolumeSource = {.id = "io.k8s.api.core.v1.DownwardAPIVolumeSource",
                                                   .name = "DownwardAPIVolumeSource",
                                                   .fields = kDownwardAPIVolumeSourceFields};

constexpr Field kFCVolumeSourceFields[] = {
    str("targetWWNs", 1).list().atomic(),
    i32("lun", 2).pointer(),
    str("fsType", 3).desc("File system of the volume."),
    boolean("readOnly", 4).desc("Whether writing is refused."),
    str("wwids", 5).list().atomic(),
};
constinit const Schema kFCVolumeSource = {
    .id = "io.k8s.api.core.v1.FCVolumeSource", .name = "FCVolumeSource", .fields = kFCVolumeSourceFields};

constexpr Field kAzureFileVolumeSourceFields[] = {
    str("secretName", 1).always().required(),
    str("shareName", 2).always().required(),
    boolean("readOnly", 3).desc("Whether writing is refused."),
};
constinit const Schema kAzureFileVolumeSource = {.id = "io.k8s.api.core.v1.AzureFileVolumeSource",
                                                 .name = "AzureFileVolumeSource",
                                                 .fields = kAzureFileVolumeSourceFields};

constexpr Field kConfigMapVolumeSourceFields[] = {
    inlined(1, kLocalObjectReference),
    obj("items", 2, kKeyToPath)
        .list()
        .atomic()
        .desc("Which keys become which files; none: all keys, under their names."),
    i32("defaultMode", 3).pointer().def("420").desc("Permission bits of files that name none; octal in YAML."),
    boolean("optional", 4).pointer().desc("Whether it may be missing."),
};
constinit const Schema kConfigMapVolumeSource = {.id = "io.k8s.api.core.v1.ConfigMapVolumeSource",
                                                 .name = "ConfigMapVolumeSource",
                                                 .fields = kConfigMapVolumeSourceFields};

constexpr Field kVsphereVirtualDiskVolumeSourceFields[] = {
    str("volumePath", 1).always().required(),
    str("fsType", 2).desc("File system of the volume."),
    str("storagePolicyName", 3),
    str("storagePolicyID", 4),
};
constinit const Schema kVsphereVirtualDiskVolumeSource = {.id = "io.k8s.api.core.v1.VsphereVirtualDiskVolumeSource",
                                                          .name = "VsphereVirtualDiskVolumeSource",
                                                          .fields = kVsphereVirtualDiskVolumeSourceFields};

constexpr Field kQuobyteVolumeSourceFields[] = {
    str("registry", 1).always().required(),
    str("volume", 2).always().required(),
    boolean("readOnly", 3).desc("Whether writing is refused."),
    str("user", 4),
    str("group", 5),
    str("tenant", 6),
};
constinit const Schema kQuobyteVolumeSource = {.id = "io.k8s.api.core.v1.QuobyteVolumeSource",
                                               .name = "QuobyteVolumeSource",
                                               .fields = kQuobyteVolumeSourceFields};

constexpr Field kAzureDiskVolumeSourceFields[] = {
    str("diskName", 1).always().required(),
    str("diskURI", 2).always().required(),
    str("cachingMode", 3)
        .pointer()
        .go("v1.AzureDataDiskCachingMode")
        .def("\"ReadWrite\"")
        .one_of("None|ReadOnly|ReadWrite"),
    str("fsType", 4).pointer().def("\"ext4\"").desc("File system of the volume."),
    boolean("readOnly", 5).pointer().def("false").desc("Whether writing is refused."),
    str("kind", 6).pointer().go("v1.AzureDataDiskKind").def("\"Shared\"").one_of("Dedicated|Managed|Shared"),
};
constinit const Schema kAzureDiskVolumeSource = {.id = "io.k8s.api.core.v1.AzureDiskVolumeSource",
                                                 .name = "AzureDiskVolumeSource",
                                                 .fields = kAzureDiskVolumeSourceFields};

constexpr Field kPhotonPersistentDiskVolumeSourceFields[] = {
    str("pdID", 1).always().required(),
    str("fsType", 2).desc("File system of the volume."),
};
constinit const Schema kPhotonPersistentDiskVolumeSource = {.id = "io.k8s.api.core.v1.PhotonPersistentDiskVolumeSource",
                                                            .name = "PhotonPersistentDiskVolumeSource",
                                                            .fields = kPhotonPersistentDiskVolumeSourceFields};

constexpr Field kSecretProjectionFields[] = {
    inlined(1, kLocalObjectReference),
    obj("items", 2, kKeyToPath)
        .list()
        .atomic()
        .desc("Which keys become which files; none: all keys, under their names."),
    boolean("optional", 4).pointer().desc("Whether it may be missing."),
};
constinit const Schema kSecretProjection = {
    .id = "io.k8s.api.core.v1.SecretProjection", .name = "SecretProjection", .fields = kSecretProjectionFields};

constexpr Field kDownwardAPIProjectionFields[] = {
    obj("items", 1, kDownwardAPIVolumeFile)
        .list()
        .atomic()
        .desc("Which keys become which files; none: all keys, under their names."),
};
constinit const Schema kDownwardAPIProjection = {.id = "io.k8s.api.core.v1.DownwardAPIProjection",
                                                 .name = "DownwardAPIProjection",
                                                 .fields = kDownwardAPIProjectionFields};

constexpr Field kConfigMapProjectionFields[] = {
    inlined(1, kLocalObjectReference),
    obj("items", 2, kKeyToPath)
        .list()
        .atomic()
        .desc("Which keys become which files; none: all keys, under their names."),
    boolean("optional", 4).pointer().desc("Whether it may be missing."),
};
constinit const Schema kConfigMapProjection = {.id = "io.k8s.api.core.v1.ConfigMapProjection",
                                               .name = "ConfigMapProjection",
                                               .fields = kConfigMapProjectionFields};

constexpr Field kServiceAccountTokenProjectionFields[] = {
    str("audience", 1),
    i64("expirationSeconds", 2).pointer().def("3600"),
    str("path", 3).always().required(),
};
constinit const Schema kServiceAccountTokenProjection = {.id = "io.k8s.api.core.v1.ServiceAccountTokenProjection",
                                                         .name = "ServiceAccountTokenProjection",
                                                         .fields = kServiceAccountTokenProjectionFields};

constexpr Field kClusterTrustBundleProjectionFields[] = {
    str("name", 1).pointer(),
    str("signerName", 2).pointer(),
    obj("labelSelector", 3, meta::kLabelSelector).pointer(),
    boolean("optional", 5).pointer().desc("Whether it may be missing."),
    str("path", 4).always().required(),
};
constinit const Schema kClusterTrustBundleProjection = {.id = "io.k8s.api.core.v1.ClusterTrustBundleProjection",
                                                        .name = "ClusterTrustBundleProjection",
                                                        .fields = kClusterTrustBundleProjectionFields};

constexpr Field kVolumeProjectionFields[] = {
    obj("secret", 1, kSecretProjection).pointer(),
    obj("downwardAPI", 2, kDownwardAPIProjection).pointer(),
    obj("configMap", 3, kConfigMapProjection).pointer(),
    obj("serviceAccountToken", 4, kServiceAccountTokenProjection).pointer(),
    obj("clusterTrustBundle", 5, kClusterTrustBundleProjection).pointer(),
};
constinit const Schema kVolumeProjection = {
    .id = "io.k8s.api.core.v1.VolumeProjection", .name = "VolumeProjection", .fields = kVolumeProjectionFields};

constexpr Field kProjectedVolumeSourceFields[] = {
    obj("sources", 1, kVolumeProjection).list().always().atomic(),
    i32("defaultMode", 2).pointer().def("420").desc("Permission bits of files that name none; octal in YAML."),
};
constinit const Schema kProjectedVolumeSource = {.id = "io.k8s.api.core.v1.ProjectedVolumeSource",
                                                 .name = "ProjectedVolumeSource",
                                                 .fields = kProjectedVolumeSourceFields};

constexpr Field kPortworxVolumeSourceFields[] = {
    str("volumeID", 1).always().required().desc("Identity of the volume at its provider."),
    str("fsType", 2).desc("File system of the volume."),
    boolean("readOnly", 3).desc("Whether writing is refused."),
};
constinit const Schema kPortworxVolumeSource = {.id = "io.k8s.api.core.v1.PortworxVolumeSource",
                                                .name = "PortworxVolumeSource",
                                                .fields = kPortworxVolumeSourceFields};

constexpr Field kScaleIOVolumeSourceFields[] = {
    str("gateway", 1).always().required(),
    str("system", 2).always().required(),
    obj("secretRef", 3, kLocalObjectReference).pointer().always().required().desc("Secret with the credentials."),
    boolean("sslEnabled", 4),
    str("protectionDomain", 5),
    str("storagePool", 6),
    str("storageMode", 7).def("\"ThinProvisioned\""),
    str("volumeName", 8),
    str("fsType", 9).def("\"xfs\"").desc("File system of the volume."),
    boolean("readOnly", 10).desc("Whether writing is refused."),
};
constinit const Schema kScaleIOVolumeSource = {.id = "io.k8s.api.core.v1.ScaleIOVolumeSource",
                                               .name = "ScaleIOVolumeSource",
                                               .fields = kScaleIOVolumeSourceFields};

constexpr Field kStorageOSVolumeSourceFields[] = {
    str("volumeName", 1),
    str("volumeNamespace", 2),
    str("fsType", 3).desc("File system of the volume."),
    boolean("readOnly", 4).desc("Whether writing is refused."),
    obj("secretRef", 5, kLocalObjectReference).pointer().desc("Secret with the credentials."),
};
constinit const Schema kStorageOSVolumeSource = {.id = "io.k8s.api.core.v1.StorageOSVolumeSource",
                                                 .name = "StorageOSVolumeSource",
                                                 .fields = kStorageOSVolumeSourceFields};

constexpr Field kCSIVolumeSourceFields[] = {
    str("driver", 1).always().required(),
    boolean("readOnly", 2).pointer().desc("Whether writing is refused."),
    str("fsType", 3).pointer().desc("File system of the volume."),
    str("volumeAttributes", 4).map(),
    obj("nodePublishSecretRef", 5, kLocalObjectReference).pointer(),
};
constinit const Schema kCSIVolumeSource = {
    .id = "io.k8s.api.core.v1.CSIVolumeSource", .name = "CSIVolumeSource", .fields = kCSIVolumeSourceFields};

constexpr Field kVolumeResourceRequirementsFields[] = {
    quantity("limits", 1).map().go("v1.ResourceList"),
    quantity("requests", 2).map().go("v1.ResourceList"),
};
constinit const Schema kVolumeResourceRequirements = {.id = "io.k8s.api.core.v1.VolumeResourceRequirements",
                                                      .name = "VolumeResourceRequirements",
                                                      .fields = kVolumeResourceRequirementsFields};

constexpr Field kTypedLocalObjectReferenceFields[] = {
    str("apiGroup", 1).pointer().always(),
    str("kind", 2).always().required(),
    str("name", 3).always().required(),
};
constinit const Schema kTypedLocalObjectReference = {.id = "io.k8s.api.core.v1.TypedLocalObjectReference",
                                                     .name = "TypedLocalObjectReference",
                                                     .fields = kTypedLocalObjectReferenceFields,
                                                     .is_map_atomic = true};

constexpr Field kTypedObjectReferenceFields[] = {
    str("apiGroup", 1).pointer().always(),
    str("kind", 2).always().required(),
    str("name", 3).always().required(),
    str("namespace", 4).pointer().desc("Namespace of the object."),
};
constinit const Schema kTypedObjectReference = {.id = "io.k8s.api.core.v1.TypedObjectReference",
                                                .name = "TypedObjectReference",
                                                .fields = kTypedObjectReferenceFields};

constexpr Field kPersistentVolumeClaimSpecFields[] = {
    str("accessModes", 1)
        .list()
        .atomic()
        .go("v1.PersistentVolumeAccessMode")
        .one_of("ReadOnlyMany|ReadWriteMany|ReadWriteOnce|ReadWriteOncePod"),
    obj("selector", 4, meta::kLabelSelector).pointer(),
    obj("resources", 2, kVolumeResourceRequirements),
    str("volumeName", 3),
    str("storageClassName", 5).pointer(),
    str("volumeMode", 6).pointer().go("v1.PersistentVolumeMode").def("\"Filesystem\"").one_of("Block|Filesystem"),
    obj("dataSource", 7, kTypedLocalObjectReference).pointer(),
    obj("dataSourceRef", 8, kTypedObjectReference).pointer(),
    str("volumeAttributesClassName", 9).pointer(),
};
constinit const Schema kPersistentVolumeClaimSpec = {.id = "io.k8s.api.core.v1.PersistentVolumeClaimSpec",
                                                     .name = "PersistentVolumeClaimSpec",
                                                     .fields = kPersistentVolumeClaimSpecFields};

constexpr Field kPersistentVolumeClaimTemplateFields[] = {
    obj("metadata", 1, meta::kObjectMeta).desc("Name, labels and other data that every object has."),
    obj("spec", 2, kPersistentVolumeClaimSpec).always().required().desc("What is wanted."),
};
constinit const Schema kPersistentVolumeClaimTemplate = {.id = "io.k8s.api.core.v1.PersistentVolumeClaimTemplate",
                                                         .name = "PersistentVolumeClaimTemplate",
                                                         .fields = kPersistentVolumeClaimTemplateFields};

constexpr Field kEphemeralVolumeSourceFields[] = {
    obj("volumeClaimTemplate", 1, kPersistentVolumeClaimTemplate).pointer(),
};
constinit const Schema kEphemeralVolumeSource = {.id = "io.k8s.api.core.v1.EphemeralVolumeSource",
                                                 .name = "EphemeralVolumeSource",
                                                 .fields = kEphemeralVolumeSourceFields};

constexpr Field kImageVolumeSourceFields[] = {
    str("reference", 1),
    str("pullPolicy", 2).go("v1.PullPolicy").one_of("Always|IfNotPresent|Never"),
};
constinit const Schema kImageVolumeSource = {
    .id = "io.k8s.api.core.v1.ImageVolumeSource", .name = "ImageVolumeSource", .fields = kImageVolumeSourceFields};

constexpr Field kVolumeSourceFields[] = {
    obj("hostPath", 1, kHostPathVolumeSource).pointer().desc("A file or directory of the node."),
    obj("emptyDir", 2, kEmptyDirVolumeSource).pointer().desc("An empty directory that lives as long as the pod."),
    obj("gcePersistentDisk", 3, kGCEPersistentDiskVolumeSource).pointer(),
    obj("awsElasticBlockStore", 4, kAWSElasticBlockStoreVolumeSource).pointer(),
    obj("gitRepo", 5, kGitRepoVolumeSource).pointer(),
    obj("secret", 6, kSecretVolumeSource).pointer().desc("Keys of a Secret as files."),
    obj("nfs", 7, kNFSVolumeSource).pointer().desc("A directory of an NFS server."),
    obj("iscsi", 8, kISCSIVolumeSource).pointer(),
    obj("glusterfs", 9, kGlusterfsVolumeSource).pointer(),
    obj("persistentVolumeClaim", 10, kPersistentVolumeClaimVolumeSource)
        .pointer()
        .desc("A claim on a persistent volume."),
    obj("rbd", 11, kRBDVolumeSource).pointer(),
    obj("flexVolume", 12, kFlexVolumeSource).pointer(),
    obj("cinder", 13, kCinderVolumeSource).pointer(),
    obj("cephfs", 14, kCephFSVolumeSource).pointer(),
    obj("flocker", 15, kFlockerVolumeSource).pointer(),
    obj("downwardAPI", 16, kDownwardAPIVolumeSource).pointer().desc("Fields of the pod as files."),
    obj("fc", 17, kFCVolumeSource).pointer(),
    obj("azureFile", 18, kAzureFileVolumeSource).pointer(),
    obj("configMap", 19, kConfigMapVolumeSource).pointer().desc("Keys of a ConfigMap as files."),
    obj("vsphereVolume", 20, kVsphereVirtualDiskVolumeSource).pointer(),
    obj("quobyte", 21, kQuobyteVolumeSource).pointer(),
    obj("azureDisk", 22, kAzureDiskVolumeSource).pointer(),
    obj("photonPersistentDisk", 23, kPhotonPersistentDiskVolumeSource).pointer(),
    obj("projected", 26, kProjectedVolumeSource).pointer().desc("Several sources in one directory."),
    obj("portworxVolume", 24, kPortworxVolumeSource).pointer(),
    obj("scaleIO", 25, kScaleIOVolumeSource).pointer(),
    obj("storageos", 27, kStorageOSVolumeSource).pointer(),
    obj("csi", 28, kCSIVolumeSource).pointer().desc("A volume of a CSI driver."),
    obj("ephemeral", 29, kEphemeralVolumeSource).pointer().desc("A volume made for this pod from a claim template."),
    obj("image", 30, kImageVolumeSource).pointer().desc("The files of an image."),
};
constinit const Schema kVolumeSource = {
    .id = "io.k8s.api.core.v1.VolumeSource", .name = "VolumeSource", .fields = kVolumeSourceFields};

constexpr Field kVolumeFields[] = {
    str("name", 1).always().required().desc("Name, unique in the pod."),
    inlined(2, kVolumeSource),
};
constinit const Schema kVolume = {.id = "io.k8s.api.core.v1.Volume",
                                  .name = "Volume",
                                  .description = "A directory or device that containers can mount.",
                                  .fields = kVolumeFields,
                                  .defaults = default_volume};

}  // namespace appliance::orchestrator::api::core
