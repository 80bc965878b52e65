package io.weightspan.server.repo;

import io.weightspan.server.store.ObjectStore;
import io.weightspan.server.store.StoreSession;
import java.io.IOException;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;

/** Wraps a store and its sessions so that a test can do something right before any call. */
final class HookedStore {

    private HookedStore() {}

    /** Hears of a call that is about to be made. */
    @FunctionalInterface
    interface Hook {
        /** Does what the test wants to be done before the call. */
        void before(String method, Object[] arguments) throws IOException;
    }

    /** Returns the store with the hook before each of its calls and of those of its sessions. */
    static ObjectStore of(ObjectStore store, Hook hook) {
        return proxy(ObjectStore.class, (proxy, method, arguments) -> {
            Object result = call(store, hook, method, arguments);
            return result instanceof StoreSession session
                    ? proxy(StoreSession.class, (p, m, a) -> call(session, hook, m, a))
                    : result;
        });
    }

    private static Object call(Object target, Hook hook, java.lang.reflect.Method method, Object[] arguments)
            throws Throwable {
        hook.before(method.getName(), arguments == null ? new Object[0] : arguments);
        try {
            return method.invoke(target, arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }

    private static <T> T proxy(Class<T> type, InvocationHandler handler) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
    }
}
