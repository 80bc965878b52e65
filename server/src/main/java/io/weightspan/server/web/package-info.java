/** The pages that people see: what a hub holds and saves, its families and models, for browsers only. */
@NullMarked
package io.weightspan.server.web;

import org.jspecify.annotations.NullMarked;
