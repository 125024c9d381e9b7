package replay

import (
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/version"
)

// discover answers questions about what the API server serves, nil for others.
func discover(path string) any {
	path = strings.TrimSuffix(path, "/")
	switch path {
	case "/version":
		return version.Info{Major: "1", Minor: "37", GitVersion: "v1.37.0", Platform: "linux/amd64"}
	case "/api":
		return metav1.APIVersions{TypeMeta: metav1.TypeMeta{Kind: "APIVersions"}, Versions: []string{"v1"}}
	case "/apis":
		return groups()
	}
	if rest, ok := strings.CutPrefix(path, "/apis/"); ok {
		if gv, err := schema.ParseGroupVersion(rest); err == nil && gv.Group != "" {
			return resources(gv)
		}
	}
	if path == "/api/v1" {
		return resources(schema.GroupVersion{Version: "v1"})
	}
	return nil
}

func groups() metav1.APIGroupList {
	list := metav1.APIGroupList{TypeMeta: metav1.TypeMeta{Kind: "APIGroupList", APIVersion: "v1"}}
	last := ""
	for _, k := range kinds {
		if k.group == last { // the table is in order of groups, the core group first
			continue
		}
		last = k.group
		v := metav1.GroupVersionForDiscovery{GroupVersion: k.groupVersion().String(), Version: k.version}
		list.Groups = append(list.Groups, metav1.APIGroup{Name: k.group, Versions: []metav1.GroupVersionForDiscovery{v}, PreferredVersion: v})
	}
	return list
}

// resources lists a group's resources, nil when it has none.
func resources(gv schema.GroupVersion) any {
	list := metav1.APIResourceList{TypeMeta: metav1.TypeMeta{Kind: "APIResourceList", APIVersion: "v1"}, GroupVersion: gv.String()}
	for _, k := range kinds {
		if k.groupVersion() == gv {
			list.APIResources = append(list.APIResources, metav1.APIResource{
				Name: k.resource, SingularName: strings.ToLower(k.kind), Kind: k.kind, Namespaced: k.namespaced,
				Verbs: metav1.Verbs{"get", "list", "watch"},
			})
		}
	}
	if len(list.APIResources) == 0 {
		return nil
	}
	return list
}
