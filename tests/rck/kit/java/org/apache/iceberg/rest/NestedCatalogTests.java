package org.apache.iceberg.rest;

import java.util.List;
import java.util.Map;
import org.apache.iceberg.catalog.Namespace;
import org.junit.jupiter.api.AfterEach;

/** The kit's catalog tests with what it leaves switched off and this catalog has: nested namespaces, names with dots. */
public class NestedCatalogTests extends RESTCompatibilityKitCatalogTests {
  @Override
  protected boolean supportsNestedNamespaces() {
    return true;
  }

  @Override
  protected boolean supportsNamesWithDot() {
    return true;
  }

  /** The kit tidies up only namespaces that its own selection of tests leaves behind. */
  @AfterEach
  void dropAll() throws Exception {
    try (RESTCatalog catalog = RCKUtils.initCatalogClient(Map.of())) {
      drop(catalog, catalog.listNamespaces());
    }
  }

  private static void drop(RESTCatalog catalog, List<Namespace> namespaces) {
    for (Namespace namespace : namespaces) {
      drop(catalog, catalog.listNamespaces(namespace));
      catalog.listTables(namespace).forEach(table -> catalog.dropTable(table, false));
      catalog.dropNamespace(namespace);
    }
  }
}
