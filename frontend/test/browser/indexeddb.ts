/** A browser has IndexedDB itself: nothing is put in its place. */

export {};
