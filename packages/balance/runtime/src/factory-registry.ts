/** All balancers that a node knows, by every name that a user may type. */
import { KvError, nearest } from '@base-kv/base'
import { type BalancerFactory, balancingSteps } from './factory.ts'

export type FoundFactory =
  | { readonly found: true; readonly factory: BalancerFactory }
  /** `meant`: class name of the one that was most likely meant, if any is near. */
  | { readonly found: false; readonly meant: string | undefined }

export class FactoryRegistry {
  readonly #factories: BalancerFactory[] = []

  constructor(factories: Iterable<BalancerFactory> = []) {
    for (const factory of factories) this.add(factory)
  }

  /** @throws BadConfig when one of its names is taken */
  add(factory: BalancerFactory): void {
    for (const known of this.#factories) {
      if (!shareService(known, factory)) continue
      const taken = namesOf(known)
      const twice = namesOf(factory).find((name) => taken.includes(name))
      if (twice === undefined) continue
      throw new KvError('BadConfig', `two balancers are called ${twice}: ${known.className}, ${factory.className}`, {
        hint: 'Load only one of them, or give the other another name.',
      })
    }
    this.#factories.push(factory)
  }

  /** Those for the stores of `service`, in the order in which they are asked. */
  of(service: string): BalancerFactory[] {
    return this.#factories
      .filter(({ services }) => services === null || services.includes(service))
      .sort((a, b) => stepOf(a) - stepOf(b) || (a.className < b.className ? -1 : 1))
  }

  /** @param name class name, alias or short name */
  find(service: string, name: string): FoundFactory {
    const addressable = this.of(service).filter(({ isBuiltin }) => !isBuiltin)
    const factory = addressable.find((one) => namesOf(one).includes(name))
    if (factory !== undefined) return { found: true, factory }
    const near = new Map(
      addressable.flatMap((one) => [...namesOf(one), lastPart(one.className)].map((text) => [text, one.className])),
    )
    const meant = nearest(name, near.keys())
    return { found: false, meant: meant === undefined ? undefined : near.get(meant) }
  }
}

const namesOf = ({ className, aliases, shortName }: BalancerFactory): string[] => [className, ...aliases, shortName]

const stepOf = ({ step }: BalancerFactory): number => balancingSteps.indexOf(step)

/** Of a class name; people leave out the package. */
const lastPart = (className: string): string => className.slice(className.lastIndexOf('.') + 1)

const shareService = (a: BalancerFactory, b: BalancerFactory): boolean =>
  a.services === null || b.services === null || a.services.some((service) => b.services?.includes(service) === true)
